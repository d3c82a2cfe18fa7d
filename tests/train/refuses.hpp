// Whether the losses refuse what they cannot use, and say what.
#ifndef FACEIO_TESTS_TRAIN_REFUSES_HPP
#define FACEIO_TESTS_TRAIN_REFUSES_HPP

#include <doctest/doctest.h>

#include <faceio/train/matrix.hpp>
#include <string>
#include <vector>

namespace test {

/// Every part of `text` is in the message of the Error that `action` throws.
template <class Action>
bool refuses(const Action& action, const std::vector<std::string>& text) {
  try {
    action();
  } catch (const faceio::train::Error& error) {
    for (const std::string& part : text) {
      if (std::string(error.what()).find(part) == std::string::npos) {
        MESSAGE(error.what());
        return false;
      }
    }
    return true;
  }
  return false;
}

}  // namespace test

#endif
