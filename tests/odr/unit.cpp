// One translation unit of a program whose parts are compiled with different flags. UNIT names it:
//   program    main(): finds faces (none) in a grey picture; argv[1] is the detector's weight file
//   other      uses the same headers; nothing of it is ever called
//   inner      the same without host/
//   caller     calls use(), which `callee` defines: a faceio type crosses from one to the other
//   callee
#include <faceio/faceio.hpp>

#if defined(UNIT_program) || defined(UNIT_other)
#include <cstdio>
#include <vector>

#if defined(UNIT_program)
#define ENTRY main
#else
#define ENTRY other_main
int other_main(int argc, char** argv);
#endif

int ENTRY(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::vector<unsigned char> grey(64 * 48 * 3, 128);
  const faceio::ImageView image(grey.data(), faceio::Size{64, 48}, 64 * 3,
                                faceio::PixelFormat::RGB8);
  auto detector = faceio::host::OwnedDetector::load(argv[1]);
  const auto faces = detector.detect(image);
  const auto report = faceio::host::selftest(detector.detector().bound(), detector.blob());
  const auto& bound = detector.detector().bound();
  std::printf("target %s, %d faces, %d operations checked, first bad one %d\n",
              bound.network.precision == faceio::Precision::int8 ? faceio::name(bound.int8_kernels->target)
                                                                 : faceio::name(bound.kernels->target),
              static_cast<int>(faces.size()), report.checked_ops, report.first_bad_op);
  return faces.empty() && report.checked_ops > 0 && report.first_bad_op < 0 ? 0 : 1;
}
#elif defined(UNIT_inner)
bool inner(faceio::Span<const uint8_t> weights, faceio::Span<uint8_t> persistent,
           faceio::Span<uint8_t> scratch, const faceio::ImageView& image);

bool inner(faceio::Span<const uint8_t> weights, faceio::Span<uint8_t> persistent,
           faceio::Span<uint8_t> scratch, const faceio::ImageView& image) {
  const auto blob = faceio::Blob::open(weights);
  const auto target = faceio::best_target();
  if (!blob || !target) return false;
  const auto detector = faceio::Detector::create(*blob, persistent, {}, *target);
  if (!detector) return false;
  faceio::Arena arena(scratch);
  faceio::Face faces[1];
  return detector->detect(image, scratch, faces).has_value() &&
         faceio::selftest(detector->bound(), *blob, arena).has_value();
}
#else
int use(const faceio::Detector& detector);
#if defined(UNIT_caller)
int main() { return use(faceio::Detector()); }
#else
int use(const faceio::Detector& detector) { return detector.options().max_candidates; }
#endif
#endif
