// Fine-tunes the detector's heads on half of a folder of annotated pictures and measures it on the other half.
#include <CLI/CLI.hpp>
#include <faceio/eval/boxes.hpp>
#include <faceio/eval/bootstrap.hpp>
#include <faceio/eval/landmarks.hpp>
#include <faceio/faceio.hpp>
#include <faceio/host/image_io.hpp>
#include <faceio/train/detector_heads.hpp>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <optional>

namespace {

using namespace faceio;

struct Options {
  std::string folder, out, weights = "weights/retinaface_mnet025.fiow", name, log;
  bool resume = false, choose = false;
  train::MatchingOptions matching;
  train::DetectionLossOptions loss;
  train::TrainerOptions trainer;
};

/// Throws CLI::ParseError.
Options parse(CLI::App& app, int argc, char** argv) {
  Options o;
  o.trainer.steps = 300;
  o.trainer.batch = 8;
  o.trainer.sgd.schedule.rate = 0.003;
  o.trainer.checkpoint_every = 50;
  std::string loss = "published";
  double class_weight = 1.0;
  app.add_option("FOLDER", o.folder, "holds images/, boxes.txt (file x1 y1 x2 y2) and, if there are landmarks, landmarks5.txt")
      ->required();
  app.add_option("OUT", o.out, "the new blob")->required();
  app.add_option("--weights", o.weights, "what training starts from")->capture_default_str();
  app.add_option("--name", o.name, "of the pictures, for the provenance of the new blob; the name of FOLDER otherwise");
  app.add_option("--steps", o.trainer.steps, "")->capture_default_str()->check(CLI::Range(int64_t{1}, int64_t{1000000000}));
  app.add_option("--batch", o.trainer.batch, "pictures a step")->capture_default_str()->check(CLI::Range(1, 1000000));
  app.add_option("--rate", o.trainer.sgd.schedule.rate, "learning rate")->capture_default_str()->check(CLI::Range(1e-9, 10.0));
  app.add_option("--loss", loss, "matching, mining and weights")->capture_default_str()->check(CLI::IsMember({"published", "paper"}));
  app.add_option("--class-weight", class_weight, "of the class term; with 0 the class heads stay as they are")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--seed", o.trainer.seed, "of the halves and of the order of pictures")->capture_default_str();
  app.add_option("--log", o.log, "a JSON object a line for every step");
  CLI::Option* const checkpoint = app.add_option("--checkpoint", o.trainer.checkpoint, "written every 50 steps");
  app.add_flag("--resume", o.resume, "go on where the checkpoint was written")->needs(checkpoint);
  app.add_flag("--choose", o.choose,
               "for choosing options: leaves the held-out half alone, and halves the training half instead");
  app.parse(argc, argv);
  if (loss == "paper") {
    o.matching = train::MatchingOptions::paper();
    o.loss = train::DetectionLossOptions::paper();
  }
  o.loss.class_weight = class_weight;
  while (o.folder.size() > 1 && o.folder.back() == '/') o.folder.pop_back();
  if (o.name.empty()) o.name = o.folder.substr(o.folder.find_last_of('/') + 1);
  return o;
}

class Stopwatch {
 public:
  double elapsed_s() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
};

struct Annotated {
  std::string file;
  std::vector<eval::TruthBox> boxes;
  std::vector<eval::LandmarkTruth> landmarks;
};

std::vector<Annotated> read_annotations(const std::string& folder) {
  const auto boxes = eval::read_truth_boxes(folder + "/boxes.txt");
  eval::PictureLists<eval::LandmarkTruth> landmarks;
  if (std::ifstream(files::utf8_path(folder + "/landmarks5.txt")))
    landmarks = eval::read_landmark_truth(folder + "/landmarks5.txt");
  std::vector<Annotated> pictures;
  for (const auto& picture : boxes) {
    const auto* points = landmarks.find(picture.file);
    pictures.push_back({picture.file, picture.items, points != nullptr ? *points : std::vector<eval::LandmarkTruth>()});
  }
  return pictures;
}

/// The two halves of `pictures` in random order.
std::pair<std::vector<Annotated>, std::vector<Annotated>> halves(const std::vector<Annotated>& pictures,
                                                                 uint64_t seed) {
  if (pictures.size() < 2) throw std::runtime_error("less than two pictures: there is nothing to hold out");
  constexpr uint64_t kStream = UINT64_MAX;  // apart from those of epochs
  std::vector<Annotated> half[2];
  size_t place = 0;
  for (const train::Index i : train::shuffled(static_cast<train::Index>(pictures.size()), train::Random(seed, kStream)))
    half[place++ % 2].push_back(pictures[static_cast<size_t>(i)]);
  return {half[0], half[1]};
}

/// The annotated faces in pixels of a network input that shows the whole picture.
std::vector<train::TruthFace> faces_in(const Annotated& picture, Size image, Size shown) {
  const double sx = static_cast<double>(shown.width_px) / image.width_px;
  const double sy = static_cast<double>(shown.height_px) / image.height_px;
  std::vector<train::TruthFace> faces;
  for (const eval::TruthBox& truth : picture.boxes) {
    const eval::CornerBox& b = truth.box;
    faces.push_back({{static_cast<float>(b.x1 * sx), static_cast<float>(b.y1 * sy),
                      static_cast<float>((b.x2 - b.x1) * sx), static_cast<float>((b.y2 - b.y1) * sy)}, {}});
  }
  for (const eval::LandmarkTruth& truth : picture.landmarks) {
    if (!truth.box) continue;
    if (*truth.box >= faces.size())
      throw std::runtime_error(picture.file + ": has landmarks of a box that is not listed");
    Landmarks& to = faces[*truth.box].landmarks.emplace();
    for (size_t i = 0; i < truth.points.size(); ++i)
      to.points[i] = {static_cast<float>(truth.points[i].x * sx), static_cast<float>(truth.points[i].y * sy)};
  }
  return faces;
}

/// As `faceio eval boxes --input long:640` detects.
DetectorOptions detector_options() {
  DetectorOptions options;
  options.min_score = 0.02f;
  options.long_sides_px[0] = 640;
  return options;
}

train::DetectorHeads<float> make_task(const std::vector<Annotated>& pictures, const Options& o,
                                      const Detector& detector) {
  std::vector<train::DetectorFeatures> features;
  std::vector<train::DetectionTargets<float>> targets;
  for (const Annotated& picture : pictures) {
    const host::Picture image = host::read_picture(o.folder + "/images/" + picture.file);
    const Size shown = plan_levels(image.size, detector.options()).level[0].size;
    features.push_back(train::detector_features(detector, image.view()));
    targets.push_back(train::make_targets<float>(train::detector_anchors(features.back().network),
                                                 faces_in(picture, image.size, shown), o.matching));
  }
  return {std::move(features), std::move(targets), o.loss};
}

using Found = std::vector<std::vector<eval::ScoredBox>>;  // for each picture

Found detect_all(const std::vector<Annotated>& pictures, const std::string& folder, const std::string& weights) {
  auto detector = host::OwnedDetector::load(weights, detector_options());
  Found found;
  for (const Annotated& picture : pictures) {
    const host::Picture image = host::read_picture(folder + "/images/" + picture.file);
    found.emplace_back();
    for (const Face& face : detector.detect(image.view())) {
      const double x = static_cast<double>(face.box.x), y = static_cast<double>(face.box.y);
      found.back().push_back({{x, y, x + static_cast<double>(face.box.width), y + static_cast<double>(face.box.height)},
                              static_cast<double>(face.score)});
    }
  }
  return found;
}

/// Average precision over pictures, some of them several times.
double average_precision(const std::vector<Annotated>& pictures, const Found& found, const std::vector<size_t>& drawn,
                         double iou_threshold) {
  eval::PictureLists<eval::TruthBox> truth;
  eval::PictureLists<eval::ScoredBox> predictions;
  for (size_t i = 0; i < drawn.size(); ++i) {
    const std::string name = std::to_string(i);
    truth[name] = pictures[drawn[i]].boxes;
    predictions[name] = found[drawn[i]];
  }
  return eval::evaluate_detection(truth, predictions, iou_threshold).average_precision;
}

/// Prints a line: before, after and their difference with 95 % intervals of a bootstrap over pictures. Both detectors
/// see the same draws, so that the interval of the difference is free of what is hard for both.
void report_precision(const std::vector<Annotated>& pictures, const Found& before, const Found& after,
                      double iou_threshold) {
  constexpr int kReplicates = 1000;
  SplitMix64 random(1);
  std::vector<size_t> drawn(pictures.size());
  std::iota(drawn.begin(), drawn.end(), size_t{0});
  const double was = average_precision(pictures, before, drawn, iou_threshold);
  const double is = average_precision(pictures, after, drawn, iou_threshold);
  std::vector<double> of_before, of_after, of_difference;
  for (int r = 0; r < kReplicates; ++r) {
    for (size_t& picture : drawn) picture = random.below(static_cast<uint32_t>(pictures.size()));
    of_before.push_back(average_precision(pictures, before, drawn, iou_threshold));
    of_after.push_back(average_precision(pictures, after, drawn, iou_threshold));
    of_difference.push_back(of_after.back() - of_before.back());
  }
  const eval::Interval b = eval::percentile_interval(of_before), a = eval::percentile_interval(of_after);
  const eval::Interval d = eval::percentile_interval(of_difference);
  std::printf("AP at IoU %.2f    %.4f [%.4f, %.4f]   %.4f [%.4f, %.4f]   %+.4f [%+.4f, %+.4f]\n", iou_threshold, was,
              b.low, b.high, is, a.low, a.high, is - was, d.low, d.high);
}

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return json + '"';
}

/// What the blob said of its origin, and what was done to it here.
std::string provenance(const Blob& from, const Options& o, size_t pictures, size_t faces) {
  const BlobEntry* entry = from.find(kWholeModel, Role::provenance);
  std::string json;
  if (entry != nullptr) json.assign(reinterpret_cast<const char*>(from.bytes_of(*entry)), entry->bytes);
  const size_t end = json.find_last_of('}');
  if (end == std::string::npos) throw std::runtime_error(o.weights + ": says nothing of its origin");
  char text[400];
  std::snprintf(text, sizeof text,
                ",\"fine_tuned\":{\"layers\":\"head1, head2, head3\",\"pictures\":%zu,\"faces\":%zu,"
                "\"loss_weights\":[%g,%g,%g],\"negatives_per_positive\":%d,\"steps\":%lld,\"batch\":%lld,"
                "\"rate\":%g,\"seed\":%llu,\"data\":",
                pictures, faces, o.loss.class_weight, o.loss.box_weight, o.loss.landmark_weight,
                static_cast<int>(o.loss.negatives_per_positive), static_cast<long long>(o.trainer.steps),
                static_cast<long long>(o.trainer.batch), o.trainer.sgd.schedule.rate,
                static_cast<unsigned long long>(o.trainer.seed));
  return json.substr(0, end) + text + quoted(o.name) + "}" + json.substr(end);
}

size_t count_faces(const std::vector<Annotated>& pictures) {
  size_t faces = 0;
  for (const Annotated& picture : pictures) faces += picture.boxes.size();
  return faces;
}

void run_training(train::DetectorHeads<float>& task, const Options& o) {
  train::Trainer<float> trainer(task, o.trainer);
  if (o.resume) trainer.resume(o.trainer.checkpoint);
  std::optional<train::TrainingLog> log;
  if (!o.log.empty()) log.emplace(o.log, trainer.step());
  trainer.run([&](const train::StepReport& report) {
    if (report.step % 50 == 0) std::fprintf(stderr, "%s\n", train::progress_line(report).c_str());
    char terms[120];
    std::snprintf(terms, sizeof terms, "\"class\":%.9g,\"box\":%.9g,\"landmarks\":%.9g", task.terms().classes,
                  task.terms().box, task.terms().landmarks);
    if (log) log->write(report, terms);
  });
}

void fine_tune(const Options& o) {
  auto parts = halves(read_annotations(o.folder), o.trainer.seed);
  if (o.choose) parts = halves(parts.first, o.trainer.seed);
  const auto& [training, held_out] = parts;
  const size_t faces = count_faces(training);
  std::printf("training          %zu pictures with %zu faces, %s %zu with %zu\n", training.size(), faces,
              o.choose ? "the rest of the training half" : "held out", held_out.size(), count_faces(held_out));

  const auto detector = host::OwnedDetector::load(o.weights, detector_options());
  train::BlobWriter blob(detector.blob());
  const Stopwatch caching;
  train::DetectorHeads<float> task = make_task(training, o, detector.detector());
  task.load(blob);
  const double caching_s = caching.elapsed_s();
  std::vector<train::Index> all(training.size());
  std::iota(all.begin(), all.end(), train::Index{0});
  task.loss(all);
  const train::DetectionLoss before = task.terms();

  const Stopwatch learning;
  run_training(task, o);
  const double learning_s = learning.elapsed_s();
  task.loss(all);
  const train::DetectionLoss after = task.terms();
  for (const auto& [when, loss] : {std::pair("before", before), std::pair("after", after)})
    std::printf("training loss     %.4f %s (class %.4f, box %.4f, landmarks %.4f)\n", loss.total, when, loss.classes,
                loss.box, loss.landmarks);

  task.store(blob);
  blob.set_provenance(provenance(detector.blob(), o, training.size(), faces));
  const std::vector<uint8_t> bytes = blob.bytes();
  std::string error;
  if (!files::write_file(o.out, {bytes.data(), bytes.size()}, error)) throw std::runtime_error(error);

  const Stopwatch measuring;
  const auto found_before = detect_all(held_out, o.folder, o.weights);
  const auto found_after = detect_all(held_out, o.folder, o.out);
  std::printf("                  before                    after                     difference\n");
  for (const double iou_threshold : {0.5, 0.75}) report_precision(held_out, found_before, found_after, iou_threshold);
  std::printf("seconds           features %.1f, training %.1f, measuring %.1f\n", caching_s, learning_s,
              measuring.elapsed_s());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Fine-tunes the detector's heads on half of a folder of annotated pictures, and measures on the other half.");
  try {
    fine_tune(parse(app, argc, argv));
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
