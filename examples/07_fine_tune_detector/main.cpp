// Fine-tunes the detector's heads on half of a folder of annotated pictures and measures it on the other half.
#include <faceio/eval/boxes.hpp>
#include <faceio/eval/bootstrap.hpp>
#include <faceio/eval/landmarks.hpp>
#include <faceio/faceio.hpp>
#include <faceio/host/image_io.hpp>
#include <faceio/train/detector_heads.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <optional>

namespace {

using namespace faceio;

constexpr char kUsage[] =
    "usage: 07_fine_tune_detector FOLDER OUT.fiow [option]...\n"
    "  FOLDER holds images/, boxes.txt (file x1 y1 x2 y2) and, if there are landmarks, landmarks5.txt\n"
    "  --weights FILE     what training starts from (weights/retinaface_mnet025.fiow)\n"
    "  --name TEXT        of the pictures, for the provenance of the new blob (the name of FOLDER)\n"
    "  --steps N          (300)    --batch N   pictures a step (8)     --rate X     learning rate (0.003)\n"
    "  --loss KIND        published or paper: matching, mining and weights (published)\n"
    "  --class-weight X   of the class term instead of that (1); with 0 the class heads stay as they are\n"
    "  --seed N           of the halves and of the order of pictures (1)\n"
    "  --log FILE         a JSON object a line for every step\n"
    "  --checkpoint FILE  written every 50 steps    --resume   go on where it was written\n"
    "  --choose           for choosing options: leaves the held-out half alone, and halves the training half instead\n";

struct Options {
  std::string folder, out, weights = "weights/retinaface_mnet025.fiow", name, log;
  bool resume = false, choose = false;
  train::MatchingOptions matching;
  train::DetectionLossOptions loss;
  train::TrainerOptions trainer;
};

/// A number from `least` to `most`, all of `text`. Throws.
double number(const std::string& option, const std::string& text, double least, double most, bool whole) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value >= least && value <= most) || (whole && value != std::floor(value))) {
    char range[80];
    std::snprintf(range, sizeof range, ": expected a %snumber from %g to %g", whole ? "whole " : "", least, most);
    throw std::runtime_error(option + " " + text + range);
  }
  return value;
}

Options parse(const std::vector<std::string>& arguments) {
  Options o;
  o.trainer.steps = 300;
  o.trainer.batch = 8;
  o.trainer.sgd.schedule.rate = 0.003;
  o.trainer.checkpoint_every = 50;
  bool paper = false;
  double class_weight = 1.0;
  const auto is_paper = [](const std::string& kind) {
    if (kind != "published" && kind != "paper") throw std::runtime_error("--loss " + kind + ": published or paper");
    return kind == "paper";
  };
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& a = arguments[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 >= arguments.size()) throw std::runtime_error(a + " needs a value\n" + kUsage);
      return arguments[++i];
    };
    if (a == "--weights") o.weights = value();
    else if (a == "--name") o.name = value();
    else if (a == "--steps") o.trainer.steps = static_cast<int64_t>(number(a, value(), 1, 1e9, true));
    else if (a == "--batch") o.trainer.batch = static_cast<train::Index>(number(a, value(), 1, 1e6, true));
    else if (a == "--rate") o.trainer.sgd.schedule.rate = number(a, value(), 1e-9, 10, false);
    else if (a == "--seed") o.trainer.seed = static_cast<uint64_t>(number(a, value(), 0, 9e15, true));
    else if (a == "--log") o.log = value();
    else if (a == "--checkpoint") o.trainer.checkpoint = value();
    else if (a == "--resume") o.resume = true;
    else if (a == "--choose") o.choose = true;
    else if (a == "--loss") paper = is_paper(value());
    else if (a == "--class-weight") class_weight = number(a, value(), 0, 1e6, false);
    else if (a.empty() || a[0] == '-') throw std::runtime_error("unknown option '" + a + "'\n" + kUsage);
    else if (o.folder.empty()) o.folder = a;
    else if (o.out.empty()) o.out = a;
    else throw std::runtime_error("'" + a + "' is one argument too many\n" + kUsage);
  }
  if (o.out.empty()) throw std::runtime_error(kUsage);
  if (o.resume && o.trainer.checkpoint.empty())
    throw std::runtime_error("--resume needs --checkpoint FILE, the file to go on from");
  if (paper) {
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

/// A line on stderr that is written anew twice a second.
class Progress {
 public:
  void show(const std::string& text, bool last) {
    constexpr double kEvery_s = 0.5;
    if (!last && watch_.elapsed_s() < next_s_) return;
    next_s_ = watch_.elapsed_s() + kEvery_s;
    std::fprintf(stderr, "\r%-78s%s", text.c_str(), last ? "\n" : "");
  }

 private:
  Stopwatch watch_;
  double next_s_ = 0.0;
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
  const Stopwatch watch;
  Progress progress;
  for (const Annotated& picture : pictures) {
    const host::Picture image = host::read_picture(o.folder + "/images/" + picture.file);
    const Size shown = plan_levels(image.size, detector.options()).level[0].size;
    features.push_back(train::detector_features(detector, image.view()));
    targets.push_back(train::make_targets<float>(train::detector_anchors(features.back().network),
                                                 faces_in(picture, image.size, shown), o.matching));
    const size_t done = features.size(), all = pictures.size();
    const double left_s = watch.elapsed_s() / static_cast<double>(done) * static_cast<double>(all - done);
    progress.show("features of picture " + std::to_string(done) + " of " + std::to_string(all) + ", " +
                      std::to_string(std::lround(left_s)) + " s left", done == all);
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
  eval::SplitMix64 random(1);
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
  Progress progress;
  trainer.run([&](const train::StepReport& report) {
    progress.show(train::progress_line(report), report.step == report.steps);
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
  try {
    fine_tune(parse({argv + 1, argv + argc}));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
  return 0;
}
