// Any text as a list of an evaluation, or as a calibration: read, or refused with the line that is wrong.
#include <sys/mman.h>
#include <unistd.h>

#include <faceio/eval/box_lists.hpp>
#include <faceio/eval/calibration_record.hpp>
#include <faceio/eval/pair_lists.hpp>
#include <faceio/eval/template_lists.hpp>
#include <faceio/eval/wider_text.hpp>

#include "fuzz.hpp"

using namespace faceio;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static const int kFile = memfd_create("list", 0);
  static const std::string kPath = "/proc/self/fd/" + std::to_string(kFile);
  FUZZ_REQUIRE(kFile >= 0 && ftruncate(kFile, 0) == 0);
  FUZZ_REQUIRE(pwrite(kFile, data + 1, size - 1, 0) == static_cast<ssize_t>(size - 1));
  try {
    switch (data[0] % 9) {
      case 0: eval::read_lfw_pairs(kPath); break;
      case 1: eval::read_explicit_pairs(kPath, 10); break;
      case 2: eval::read_truth_boxes(kPath); break;
      case 3: eval::read_template_faces(kPath); break;
      case 4: eval::read_template_pairs(kPath); break;
      case 5: eval::read_template_subjects(kPath); break;
      case 6: eval::read_wider_truth(kPath); break;
      case 7: eval::read_wider_predictions(kPath); break;
      default: {
        const eval::Calibration calibration = eval::read_calibration(kPath);
        // What is read is written the same way, up to its layout.
        const std::string text = eval::calibration_text(calibration);
        FUZZ_REQUIRE(ftruncate(kFile, 0) == 0 && pwrite(kFile, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
        FUZZ_REQUIRE(eval::calibration_text(eval::read_calibration(kPath)) == text);
      }
    }
  } catch (const eval::Error& error) {
    FUZZ_REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
