#include "arguments.hpp"

#include <faceio/core/image_view.hpp>

#include <CLI/CLI.hpp>

#include <map>
#include <utility>

#include "outcome.hpp"

namespace cli {
namespace {

/// "640x480" to numbers; the empty string when it is one, else what is wrong (CLI11's convention).
std::string parse_size(const std::string& text, int32_t& width_px, int32_t& height_px) {
  int width = 0;
  int height = 0;
  char rest = 0;
  const int found = std::sscanf(text.c_str(), "%5dx%5d%c", &width, &height, &rest);
  const bool good = found == 2 && width >= 1 && height >= 1 && width <= faceio::kMaxImageSide_px &&
                    height <= faceio::kMaxImageSide_px;
  if (!good) return "write WIDTHxHEIGHT in pixels, such as 640x480, each 1 to 32768";
  width_px = width;
  height_px = height;
  return {};
}

void add_images(CLI::App& command, Arguments& a) {
  command.add_option("IMAGE", a.images, "JPEG, PNG, BMP, PGM or PPM files")->required();
}

void add_detector_options(CLI::App& command, Arguments& a) {
  command
      .add_option("--min-face", a.min_face_px,
                  "smallest face of interest, pixels; the picture is scaled for it. 0: as it is")
      ->check(CLI::Range(0, 32768));
  command
      .add_option("--max-face", a.max_face_px,
                  "largest face of interest, pixels; coarser scales are searched for it. 0: one scale")
      ->check(CLI::Range(0, 32768));
  command.add_flag("--flip", a.flip, "search every scale mirrored too, at twice the cost");
  command.add_flag("--vote", a.voting, "average boxes that overlap, weighted by score");
  command.add_flag("--verbose", a.verbose, "print the scales that are searched, to stderr");
  command.add_option("--min-score", a.min_score, "report faces above this score")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 0.999));
}

void add_json(CLI::App& command, Arguments& a, const char* what) {
  command.add_flag("--json", a.json, what);
}

}  // namespace

Parsed parse_arguments(const std::vector<std::string>& words) {
  Parsed parsed;
  Arguments& a = parsed.arguments;
  CLI::App app("Face detection and recognition on the CPU.", "faceio");
  app.allow_windows_style_options(false);  // /photo.png is a path
  app.set_version_flag("--version", "faceio " FACEIO_VERSION_STRING);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 no face, 2 bad input or usage.\n"
      "FACEIO_ISA=scalar|sse|avx2|avxvnni|avx512|neon chooses the instruction set, FACEIO_WEIGHTS the folder "
      "of the weights.");
  app.add_option("--detector", a.detector_path, "weights of the detector, a .fiow file");
  app.add_option("--recogniser", a.recogniser_path, "weights of the recogniser, a .fiow file");
  const std::map<std::string, faceio::Precision> precisions{
      {name(faceio::Precision::fp32), faceio::Precision::fp32},
      {name(faceio::Precision::fp16), faceio::Precision::fp16},
      {name(faceio::Precision::int8), faceio::Precision::int8}};
  app.add_option("--precision", a.precision, "of the default weights: fp32, fp16 or int8")
      ->transform(CLI::CheckedTransformer(precisions))
      ->default_str(name(a.precision));

  CLI::App* detect = app.add_subcommand("detect", "Find faces and their five landmarks");
  add_images(*detect, a);
  add_detector_options(*detect, a);
  add_json(*detect, a, "one JSON object a line and image");
  detect->add_option("-o,--out", a.annotated_path,
                     "write the picture with faces drawn in, PNG or JPEG (one image only)");

  CLI::App* compare = app.add_subcommand("compare", "Cosine similarity of two faces");
  std::pair<std::string, std::string> two;
  compare->add_option("A", two.first, "first picture")->required();
  compare->add_option("B", two.second, "second picture")->required();
  compare->add_option("--face-a", a.face_a, "number of the face in A, as detect lists them")
      ->check(CLI::Range(1, 1'000'000));
  compare->add_option("--face-b", a.face_b, "number of the face in B, as detect lists them")
      ->check(CLI::Range(1, 1'000'000));
  compare->add_flag("--aligned", a.aligned,
                    "A and B are faces aligned to 112x112 pixels already: nothing is detected");
  add_detector_options(*compare, a);
  add_verdict_options(*compare, a.verdict);
  add_json(*compare, a, "print {\"cosine\":...}");

  CLI::App* embed = app.add_subcommand("embed", "Embedding of every face");
  add_images(*embed, a);
  add_detector_options(*embed, a);
  add_explain(*embed, a.verdict);
  embed->add_flag("--aligned", a.aligned,
                  "the pictures are faces aligned to 112x112 pixels already: nothing is detected");
  add_json(*embed, a, "one JSON object a line and image, with the embeddings");

  CLI::App* calibrate = add_calibrate(app, a.calibrate);
  add_json(*calibrate, a, "print one JSON object");

  CLI::App* models = app.add_subcommand("models", "Where the weights come from and their terms");
  CLI::App* selftest =
      app.add_subcommand("selftest", "Replay recorded layers on every instruction set");
  CLI::App* doctor = app.add_subcommand("doctor", "What this CPU, build and installation offer");
  CLI::App* bench = app.add_subcommand("bench", "Time detector and recogniser on one core");
  add_json(*bench, a, "print one JSON object");
  std::string size_text;
  bench->add_option("--size", size_text, "picture for the detector, WIDTHxHEIGHT (640x480)")
      ->check([&a](const std::string& text) { return parse_size(text, a.width_px, a.height_px); });
  CLI::App* eval = add_eval_command(app, a);

  for (CLI::App* command : {detect, compare, embed, models, selftest, doctor, bench, eval, calibrate}) {
    command->fallthrough();  // --detector, --recogniser and --precision may follow the command
  }
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes them from the end
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    parsed.exit_code = code == 0 ? 0 : static_cast<int>(Outcome::bad_input);
    return parsed;
  }

  const std::pair<const CLI::App*, Command> commands[] = {
      {detect, Command::detect}, {compare, Command::compare},   {embed, Command::embed},
      {models, Command::models}, {selftest, Command::selftest}, {doctor, Command::doctor},
      {bench, Command::bench}, {eval, Command::eval}, {calibrate, Command::calibrate}};
  for (const auto& [app_of, command] : commands) {
    if (app_of->parsed()) a.command = command;
  }
  if (a.command == Command::compare) a.images = {two.first, two.second};
  if (!a.annotated_path.empty() && a.images.size() != 1) {
    std::fprintf(stderr, "faceio: -o takes exactly one image; run the program once for each\n");
    parsed.exit_code = static_cast<int>(Outcome::bad_input);
  }
  return parsed;
}

}  // namespace cli
