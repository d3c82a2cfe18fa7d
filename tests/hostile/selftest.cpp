// Runs the self-test of all four committed blobs on every target that this CPU has, and prints a line with the hash of the
// outputs for each. Without exceptions, RTTI or a test framework, so that it can be built with any flags.
//
//   selftest WEIGHTS_FOLDER [TARGET]    targets up to TARGET, or all. Exit code 1: an operation disagrees with its record
#include <cstdio>
#include <cstdlib>
#include <string>

#include <faceio/faceio.hpp>
#include <faceio/files/mapped_file.hpp>

using namespace faceio;

namespace {

struct Memory {
  uint8_t* data;
  size_t size;
  explicit Memory(size_t bytes) : data(static_cast<uint8_t*>(std::aligned_alloc(64, (bytes / 64 + 1) * 64))), size(bytes) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { std::free(data); }
  Span<uint8_t> span() const { return {data, size}; }
};

bool check(const std::string& path, Target target) {
  files::MappedFile file;
  std::string error;
  if (!files::MappedFile::open(path, file, error)) {
    std::printf("%s\n", error.c_str());
    return false;
  }
  const Result<Blob> blob = Blob::open(file.bytes());
  if (!blob) {
    std::printf("%s: %s\n", path.c_str(), blob.status().text());
    return false;
  }
  const bool detects = blob->model_id() == Detector::network().model_id;
  const Requirements need = detects ? Detector::requirements({}, {}, blob->precision()) : Embedder::requirements(blob->precision());
  const Memory persistent(need.persistent_bytes);
  BoundNetwork bound;
  if (detects) {
    const auto detector = Detector::create(*blob, persistent.span(), {}, target);
    if (detector) bound = detector->bound();
  } else {
    const auto embedder = Embedder::create(*blob, persistent.span(), target);
    if (embedder) bound = embedder->bound();
  }
  if (bound.kernels == nullptr) return false;
  const Memory scratch(selftest_bytes(bound, *blob));
  Arena arena(scratch.span());
  const Result<SelftestReport> report = selftest(bound, *blob, arena);
  if (!report) {
    std::printf("%s: %s\n", path.c_str(), report.status().text());
    return false;
  }
  const std::string name = path.substr(path.find_last_of('/') + 1);
  std::printf("%-34s %-8s %016llx\n", name.c_str(), faceio::name(target), static_cast<unsigned long long>(report->output_hash));
  return report->first_bad_op < 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) return 2;
  bool agrees = true;
  for (int i = 0; i < kTargetCount; ++i) {
    const auto target = static_cast<Target>(i);
    if (!is_built(target) || !cpu_supports(target)) continue;
    for (const char* name : {"retinaface_mnet025", "mobilefacenet_192"}) {
      for (const char* suffix : {".fiow", ".int8.fiow"}) agrees = check(std::string(argv[1]) + "/" + name + suffix, target) && agrees;
    }
    if (argc == 3 && std::string(faceio::name(target)) == argv[2]) break;
  }
  return agrees ? 0 : 1;
}
