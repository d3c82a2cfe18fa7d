// The main() of the programs that answer the cases of oracle_test.py.
#ifndef FACEIO_TESTS_EVAL_ORACLE_MAIN_HPP
#define FACEIO_TESTS_EVAL_ORACLE_MAIN_HPP

#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>

/// Prints the JSON list of evaluate(case) for the JSON list of cases in the file that argv[1] names.
template <class Evaluate>
int answer_cases(int argc, char** argv, const Evaluate& evaluate) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CASES.json\n", argv[0]);
    return 2;
  }
  try {
    std::ifstream file(argv[1]);
    nlohmann::json results = nlohmann::json::array();
    for (const nlohmann::json& input : nlohmann::json::parse(file)) results.push_back(evaluate(input));
    std::printf("%s\n", results.dump().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s: %s\n", argv[0], argv[1], error.what());
    return 1;
  }
  return 0;
}

#endif  // FACEIO_TESTS_EVAL_ORACLE_MAIN_HPP
