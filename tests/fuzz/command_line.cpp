// Any words as the command line of the program: arguments, or an exit code.
#include <string>

#include "../../tools/cli/arguments.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> words;
  std::string word;
  for (size_t i = 0; i < size && words.size() < 32; ++i) {
    if (data[i] == '\n') {
      words.push_back(word);
      word.clear();
    } else if (data[i] != '\0') {
      word.push_back(static_cast<char>(data[i]));
    }
  }
  if (!word.empty()) words.push_back(word);
  const cli::Parsed parsed = cli::parse_arguments(words);
  if (parsed.exit_code) FUZZ_REQUIRE(*parsed.exit_code >= 0 && *parsed.exit_code < 256);
  return 0;
}
