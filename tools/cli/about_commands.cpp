// Commands about the installation: models, doctor, selftest.
#include <faceio/faceio.hpp>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

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

const char* precision_of(const faceio::Blob& blob) {
  const char* found = nullptr;
  for (const faceio::BlobEntry& entry : blob.entries()) {
    if (entry.role != faceio::Role::weights) continue;
    const char* here = "other";
    switch (entry.dtype) {
      case faceio::DType::f32: here = "f32"; break;
      case faceio::DType::f16: here = "f16"; break;
      case faceio::DType::bf16: here = "bf16"; break;
      case faceio::DType::i8: here = "i8"; break;
      default: break;
    }
    if (found != nullptr && found != here) return "mixed";
    found = here;
  }
  return found == nullptr ? "none" : found;
}

bool usable(Target target) {
  return faceio::is_built(target) && faceio::cpu_supports(target);
}

struct TestedNetwork {
  faceio::SelftestReport report;
  faceio::NetworkView network;
};

TestedNetwork run_on(const Arguments& arguments, Network network, Target target) {
  const std::string path = weights_path(arguments, network);
  if (network == Network::detector) {
    const auto detector = faceio::host::OwnedDetector::load(path, {}, target);
    return {faceio::host::selftest(detector.detector().bound(), detector.blob()),
            faceio::Detector::network()};
  }
  const auto embedder = faceio::host::OwnedEmbedder::load(path, target);
  return {faceio::host::selftest(embedder.embedder().bound(), embedder.blob()),
          faceio::Embedder::network()};
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
                precision_of(blob), blob.file_bytes(), blob.model_id(), blob.payload_crc32c());
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
    for (int i = 0; i < faceio::kTargetCount; ++i) {
      const auto target = static_cast<Target>(i);
      if (!usable(target)) continue;
      const TestedNetwork tested = run_on(arguments, network, target);
      const faceio::SelftestReport& report = tested.report;
      const bool agrees = report.first_bad_op < 0;
      all_agree = all_agree && agrees;
      const auto op_name = [&](int32_t op) {
        return op < 0 ? "-" : tested.network.ops[static_cast<size_t>(op)].name;
      };
      std::printf("%-10s  %-6s  %3d layers  worst %-14s at %.3f of its tolerance  %s%s\n",
                  label(network), name(target), report.checked_ops, op_name(report.worst_op),
                  static_cast<double>(report.worst_ratio), agrees ? "ok" : "DISAGREES, first in ",
                  agrees ? "" : op_name(report.first_bad_op));
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
