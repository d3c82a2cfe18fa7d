// Commands about the installation: models, doctor, selftest.
#include <faceio/faceio.hpp>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "commands.hpp"
#include "cpu_name.hpp"
#include "json.hpp"
#include "weights.hpp"

namespace cli {
namespace {

using faceio::Target;

constexpr Network kNetworks[] = {Network::detector, Network::recogniser};

const char* label(Network network) {
  return network == Network::detector ? "detector" : "recogniser";
}

bool usable(Target target) {
  return faceio::is_built(target) && faceio::cpu_supports(target);
}

constexpr faceio::Precision kPrecisions[] = {faceio::Precision::fp32, faceio::Precision::fp16,
                                             faceio::Precision::int8};

faceio::SelftestReport run_on(const Arguments& arguments, Network network, Target target) {
  const std::string path = weights_path(arguments, network);
  if (network == Network::detector) {
    const auto detector = faceio::host::OwnedDetector::load(path, {}, target);
    return faceio::host::selftest(detector.detector().bound(), detector.blob());
  }
  const auto embedder = faceio::host::OwnedEmbedder::load(path, target);
  return faceio::host::selftest(embedder.embedder().bound(), embedder.blob());
}

faceio::Span<const faceio::OpRecord> operations(Network network) {
  return (network == Network::detector ? faceio::Detector::network() : faceio::Embedder::network()).ops;
}

const char* op_name(Network network, int32_t op) {
  return op < 0 ? "-" : operations(network)[static_cast<size_t>(op)].name;
}

/// One network's weights on every usable target; true when all layers agree with their recorded answers, and
/// int8 outputs with one another bit for bit.
bool passes(const Arguments& arguments, Network network) {
  const faceio::host::LoadedBlob loaded(weights_path(arguments, network));
  const faceio::Precision precision = loaded.blob().precision();
  bool all_agree = true;
  std::optional<uint64_t> first_hash;
  for (int i = 0; i < faceio::kTargetCount; ++i) {
    const auto target = static_cast<Target>(i);
    if (!usable(target)) continue;
    const faceio::SelftestReport report = run_on(arguments, network, target);
    std::string verdict = "ok";
    if (report.first_bad_op >= 0) {
      verdict = std::string("DISAGREES, first in ") + op_name(network, report.first_bad_op);
    } else if (precision == faceio::Precision::int8 && report.output_hash != first_hash.value_or(report.output_hash)) {
      verdict = "OUTPUTS DIFFER from those of the target above";
    }
    if (!first_hash) first_hash = report.output_hash;
    all_agree = all_agree && verdict == "ok";
    const int unknown = static_cast<int>(operations(network).size) - report.checked_ops;
    if (unknown > 0) verdict += ", " + std::to_string(unknown) + " of the layers without a recorded answer";
    const char* const numeric_class = precision == faceio::Precision::int8 ? "integers"
                                      : faceio::rounds_once(target)        ? "rounds once"
                                                                           : "rounds twice";
    std::printf("%-10s  %s  %-6s  %3d layers  worst %-14s at %.3f of its tolerance  outputs %016" PRIx64
                "  %-12s  %s\n",
                label(network), name(precision), name(target), report.checked_ops,
                op_name(network, report.worst_op), static_cast<double>(report.worst_ratio), report.output_hash,
                numeric_class, verdict.c_str());
  }
  return all_agree;
}

}  // namespace

Outcome run_models(const Arguments& arguments) {
  for (const Network network : kNetworks) {
    const std::string path = weights_path(arguments, network);
    const faceio::host::LoadedBlob loaded(path);
    const faceio::Blob& blob = loaded.blob();
    std::printf("%s  %s\n", label(network), path.c_str());
    std::printf("  precision: %s\n  bytes: %" PRIu64 "\n  model id: %016" PRIx64
                "\n  crc32c of payload: %08" PRIx32 "\n",
                name(blob.precision()), blob.file_bytes(), blob.model_id(), blob.payload_crc32c());
    const faceio::Span<const char> provenance = blob.provenance();
    if (provenance.empty()) {
      std::printf("  provenance: none recorded; ask whoever made this file\n");
    } else {
      std::printf("%s",
                  json_as_lines(std::string(provenance.begin(), provenance.end()), 2).c_str());
    }
  }
  return Outcome::done;
}

Outcome run_doctor(const Arguments& arguments) {
  Outcome outcome = Outcome::done;
  std::printf("faceio     %s\n", FACEIO_VERSION_STRING);
  std::printf("cpu        %s\n", cpu_name().c_str());
  for (int i = 0; i < faceio::kTargetCount; ++i) {
    const auto target = static_cast<Target>(i);
    std::printf("%-10s %-7s %s, %s\n", i == 0 ? "back ends" : "", name(target),
                faceio::is_built(target) ? "in this build" : "not in this build",
                faceio::cpu_supports(target) ? "this CPU runs it" : "this CPU lacks it");
  }
  std::string int8;
  for (int i = 0; i < faceio::kInt8TargetCount; ++i) {
    const auto target = static_cast<faceio::Int8Target>(i);
    if (faceio::is_built(target) && faceio::cpu_supports(target)) int8 += std::string(" ") + name(target);
  }
  std::printf("int8      %s\n", int8.c_str());
  const char* wanted = std::getenv("FACEIO_ISA");
  const auto chosen = faceio::best_target();
  std::printf("FACEIO_ISA %s\n", wanted == nullptr || wanted[0] == '\0' ? "not set" : wanted);
  if (chosen) {
    std::printf("chosen     %s\n", name(*chosen));
  } else {
    std::printf("chosen     none: %s\n", chosen.status().text());
    outcome = Outcome::bad_input;
  }
  for (const Network network : kNetworks) {
    try {
      const std::string path = weights_path(arguments, network);
      if (network == Network::detector) {
        faceio::host::OwnedDetector::load(path, {}, Target::scalar);
      } else {
        faceio::host::OwnedEmbedder::load(path, Target::scalar);
      }
      std::printf("%-10s %s, valid\n", label(network), path.c_str());
    } catch (const std::exception& e) {
      std::printf("%-10s %s\n", label(network), e.what());
      outcome = Outcome::bad_input;
    }
  }
  const auto need = [](faceio::Requirements r) {
    return static_cast<double>(r.persistent_bytes + r.scratch_bytes) / (1024.0 * 1024.0);
  };
  std::printf("memory     detector at 640x480 %.1f MiB, recogniser %.1f MiB, besides the weights\n",
              need(faceio::Detector::requirements({640, 480})),
              need(faceio::Embedder::requirements()));
  return outcome;
}

Outcome run_selftest(const Arguments& arguments) {
  bool all_agree = true;
  for (const Network network : kNetworks) {
    const bool named = !(network == Network::detector ? arguments.detector_path : arguments.recogniser_path).empty();
    if (named) {
      all_agree = passes(arguments, network) && all_agree;
      continue;
    }
    for (const faceio::Precision precision : kPrecisions) {
      // Without weights of 32 bits there is something to complain about.
      if (precision != faceio::Precision::fp32 && !has_default_weights(network, precision)) continue;
      Arguments of_precision = arguments;
      of_precision.precision = precision;
      all_agree = passes(of_precision, network) && all_agree;
    }
  }
  if (!all_agree) {
    std::fprintf(stderr,
                 "faceio: a layer disagrees with its recorded answer; do not trust results of this "
                 "build on this CPU. FACEIO_ISA=scalar may still agree.\n");
  }
  return all_agree ? Outcome::done : Outcome::bad_input;
}

}  // namespace cli
