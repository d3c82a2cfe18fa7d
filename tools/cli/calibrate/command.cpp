#include <faceio/eval/all_pairs_calibration.hpp>
#include <faceio/eval/calibration.hpp>
#include <faceio/faceio.hpp>

#include <cinttypes>
#include <cstdio>
#include <filesystem>

#include "calibration_set.hpp"
#include "../commands.hpp"
#include "../json.hpp"
#include "../rate_text.hpp"
#include "../weights.hpp"

namespace cli {
namespace {

using faceio::eval::Calibration;
using faceio::eval::CalibrationRow;
using faceio::eval::Interval;
using faceio::eval::MeasuredRate;

/// Dot products by the kernel that Embedder::cosine uses, so that thresholds fit its rounding.
faceio::eval::DotRow dot_of(const faceio::host::OwnedEmbedder& embedder) {
  const faceio::KernelTable* const kernels = embedder.embedder().bound().kernels;
  return [kernels](const float* row, const float* columns, size_t count, size_t length, float* scores) {
    for (size_t c = 0; c < count; ++c) {
      kernels->dot_f32({row, columns + c * length, static_cast<int32_t>(length), scores + c});
    }
  };
}

/// Refuses before hours of work what the pictures could not support even if every face were found.
void check_support(const PictureFolders& folders, const std::vector<double>& fars) {
  std::vector<uint32_t> pictures;
  for (const PersonFolder& person : folders.people) {
    pictures.push_back(static_cast<uint32_t>(person.pictures.size()));
  }
  const uint64_t impostors = faceio::eval::PairCounts::of(pictures).impostor;
  for (const double far : fars) faceio::eval::detail::check_support(far, impostors, "");
}

std::string label_of(const CalibrateArguments& arguments) {
  if (!arguments.label.empty()) return arguments.label;
  std::filesystem::path folder = std::filesystem::path(arguments.folder).lexically_normal();
  if (folder.filename().empty()) folder = folder.parent_path();
  return folder.filename().string();
}

double fpir_of(const CalibrationRow& row, uint64_t gallery) {
  return faceio::eval::false_positive_identification_rate(row.observed_far.rate, gallery);
}

std::string json_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? "," : "") + json_string(text);
  return out + "]";
}

std::string json_interval(const Interval& interval) {
  return "[" + json_number(interval.low) + "," + json_number(interval.high) + "]";
}

std::string json_rate(const char* name, const MeasuredRate& measured) {
  const std::string key = name;
  return "\"" + key + "\":" + json_number(measured.rate) + ",\"" + key +
         "_pairs_interval\":" + json_interval(measured.pairs) + ",\"" + key +
         "_people_interval\":" + json_interval(measured.people);
}

void print_json(const Calibration& calibration, const EmbeddedSet& set, const PictureFolders& folders,
                const CalibrateArguments& arguments) {
  char id[17];
  std::snprintf(id, sizeof id, "%016" PRIx64, calibration.model_id);
  std::string out = "{\"model_id\":\"" + std::string(id) + "\",\"source\":" + json_string(calibration.source);
  const std::pair<const char*, uint64_t> counts[] = {{"people", calibration.people},
                                                     {"pictures", calibration.pictures},
                                                     {"genuine_pairs", calibration.genuine_pairs},
                                                     {"impostor_pairs", calibration.impostor_pairs},
                                                     {"gallery", arguments.gallery}};
  for (const auto& [key, count] : counts) out += ",\"" + std::string(key) + "\":" + std::to_string(count);
  out += ",\"no_face\":" + json_list(set.no_face) + ",\"unreadable\":" + json_list(set.unreadable);
  out += ",\"other_files\":" + json_list(folders.other_files);
  out += ",\"confidence\":" + json_number(calibration.confidence) + ",\"rows\":[";
  const char* separator = "{";
  for (const CalibrationRow& row : calibration.rows) {
    out += separator + ("\"far\":" + json_number(row.target_far));
    out += ",\"threshold\":" + json_number(row.threshold);
    out += "," + json_rate("observed_far", row.observed_far) + "," + json_rate("tar", row.tar);
    out += ",\"fpir\":" + json_number(fpir_of(row, arguments.gallery)) + "}";
    separator = ",{";
  }
  std::printf("%s]}\n", out.c_str());
}

void print_table(const Calibration& calibration, const EmbeddedSet& set, const CalibrateArguments& arguments) {
  std::printf("%s\n%" PRIu64 " pictures of %" PRIu64 " people; %zu more without a face, %zu unreadable\n",
              calibration.source.c_str(), calibration.pictures, calibration.people, set.no_face.size(),
              set.unreadable.size());
  std::printf("%" PRIu64 " genuine pairs, %" PRIu64 " pairs of strangers\n\n", calibration.genuine_pairs,
              calibration.impostor_pairs);
  std::printf("Intervals are of %.0f %%: over pairs (Clopper-Pearson) / over people (bootstrap).\n"
              "FPIR: strangers taken for somebody in a gallery of %" PRIu64 ", 1 - (1 - FAR)^%" PRIu64 ".\n\n",
              100.0 * calibration.confidence, arguments.gallery, arguments.gallery);
  std::printf("%-8s %-9s  %-8s  %-39s  %-7s  %-31s  %s\n", "FAR", "threshold", "observed", "intervals of FAR",
              "TAR %", "intervals of TAR %", "FPIR %");
  for (const CalibrationRow& row : calibration.rows) {
    const MeasuredRate &far = row.observed_far, &tar = row.tar;
    const auto percent = [](double rate) { return 100.0 * rate; };
    std::printf("%-8s %9.4f  %.2e  %.2e..%.2e / %.2e..%.2e  %7.3f  %6.2f..%6.2f / %6.2f..%6.2f  %6.2f\n",
                far_text(row.target_far).c_str(), row.threshold, far.rate, far.pairs.low, far.pairs.high,
                far.people.low, far.people.high, percent(tar.rate), percent(tar.pairs.low),
                percent(tar.pairs.high), percent(tar.people.low), percent(tar.people.high),
                percent(fpir_of(row, arguments.gallery)));
  }
}

void print_closest(const faceio::eval::AllPairsCalibration& result, const EmbeddedSet& set) {
  std::printf("\nThe most similar strangers; if some are one person, move the pictures into one folder:\n");
  for (const faceio::eval::ImpostorPair& pair : result.closest_impostors) {
    std::printf("  %.4f  %s  %s\n", static_cast<double>(pair.cosine), set.pictures[pair.a].c_str(),
                set.pictures[pair.b].c_str());
  }
}

}  // namespace

Outcome run_calibrate(const Arguments& arguments) {
  const CalibrateArguments& asked = arguments.calibrate;
  const PictureFolders folders = PictureFolders::list(asked.folder);
  for (const std::string& file : folders.other_files) {
    std::fprintf(stderr, "faceio: %s: no picture of a person's folder; left out\n", file.c_str());
  }
  faceio::eval::detail::check_source(label_of(asked), "--label");
  check_support(folders, asked.fars);
  faceio::host::OwnedEmbedder embedder = load_embedder(arguments);
  const EmbeddedSet set = embed_all(arguments, folders, embedder);

  faceio::eval::AllPairsCalibrationOptions options;
  options.model_id = embedder.blob().model_id();
  options.source = label_of(asked);
  options.target_fars = asked.fars;
  options.dot = dot_of(embedder);
  const faceio::eval::AllPairsCalibration result =
      faceio::eval::calibrate_all_pairs(set.block(), set.length, options);
  if (arguments.json) {
    print_json(result.calibration, set, folders, asked);
  } else {
    print_table(result.calibration, set, asked);
    print_closest(result, set);
  }
  if (asked.out_path.empty()) return Outcome::done;
  faceio::eval::write_calibration(asked.out_path, result.calibration);
  if (!arguments.json) {
    std::printf("\nwritten to %s; faceio compare --calibration uses it\n", asked.out_path.c_str());
  }
  return Outcome::done;
}

}  // namespace cli
