#include "arguments.hpp"

#include <CLI/CLI.hpp>

#include "../arguments.hpp"

namespace cli {
namespace {

CLI::App* add_protocol(CLI::App& eval, Arguments& a, EvalProtocol protocol, const char* name,
                       const char* what) {
  CLI::App* command = eval.add_subcommand(name, what);
  command->callback([&a, protocol] { a.eval.protocol = protocol; });
  command->add_flag("--json", a.json, "print one JSON object on one line");
  command->add_flag("--skip-unreadable", a.eval.skip_unreadable,
                    "name and count pictures that cannot be read, and go on");
  command->fallthrough();
  return command;
}

CLI::Option* add_images(CLI::App& command, EvalArguments& e) {
  return command.add_option("--images", e.images_folder, "folder below which the pictures lie");
}

void add_page(CLI::App& command, EvalArguments& e) {
  command.add_option("--html", e.html_path,
                     "write one self-contained page with curves and the worst errors");
}

void add_detector_options(CLI::App& command, EvalArguments& e, const char* min_score) {
  command
      .add_option_function<std::string>(
          "--input",
          [&e](const std::string& text) {
            const std::string wrong = parse_input_rule(text, e.input);
            if (!wrong.empty()) throw CLI::ValidationError("--input", wrong);
          },
          "sizes at which the detector sees a picture (default original), pixels:\n"
          "original: as it is; long:N: longer side N; long:A+B+C: one level each;\n"
          "short:N[:M]: shorter side N, longer side at most M (2150);\n"
          "pyramid: long:640+1600; best: long:640+960+1280+1920 with --vote 0.7")
      ->type_name("RULE");
  command
      .add_option("--vote", e.voting_iou,
                  "box voting at this IoU, 0: none (default: that of the input rule)")
      ->check(CLI::Range(0.0, 1.0));
  command.add_flag("--flip-detect", e.flip_detect, "detect in the mirrored picture as well");
  command.add_option("--min-score", e.min_score, min_score)->check(CLI::Range(0.001, 0.999));
}

/// For an option with which nothing is detected.
void exclude_detector_options(CLI::App& command, const char* option) {
  for (const char* name : {"--input", "--vote", "--flip-detect", "--min-score"}) {
    command.get_option(option)->excludes(command.get_option(name));
  }
}

void add_boxes(CLI::App& eval, Arguments& a) {
  EvalArguments& e = a.eval;
  CLI::App* command = add_protocol(
      eval, a, EvalProtocol::boxes, "boxes",
      "Average precision at IoU 0.5, recall, and recall at false positives per image");
  command->add_option("--truth", e.truth_path, "lines: file x1 y1 x2 y2, pixels")->required();
  add_images(*command, e)->required();
  add_detector_options(*command, e, "count detections above this score (default 0.02)");
  add_page(*command, e);
}

void add_wider(CLI::App& eval, Arguments& a) {
  EvalArguments& e = a.eval;
  CLI::App* command = add_protocol(eval, a, EvalProtocol::wider, "wider",
                                   "Average precision by the protocol of WIDER FACE");
  command
      ->add_option("--truth", e.truth_path,
                   "wider_face_val_bbx_gt.txt, or that with the flags easy medium hard")
      ->required();
  add_images(*command, e);
  command->add_option(
      "--predictions", e.predictions_path,
      "judge these instead of running the detector: a folder of EVENT/FILE.txt, or\n"
      "one file of blocks: picture, count, lines x y width height score");
  command
      ->add_option("--protocol", e.wider_protocol,
                   "whose evaluation: the makers' matlab kit (default) or its python port")
      ->check(CLI::IsMember({"matlab", "python"}));
  command
      ->add_option("--subset", e.subset,
                   "easy, medium, hard, or all: every valid face (default: each that the truth has)")
      ->check(CLI::IsMember({"easy", "medium", "hard", "all"}));
  add_detector_options(*command, e, "count detections above this score (default 0.02)");
  exclude_detector_options(*command, "--predictions");
  add_page(*command, e);
}

void add_landmarks(CLI::App& eval, Arguments& a) {
  EvalArguments& e = a.eval;
  CLI::App* command = add_protocol(
      eval, a, EvalProtocol::landmarks, "landmarks",
      "Mean error of the five landmarks, divided by the distance of the eyes");
  command->add_option("--truth", e.truth_path, "lines: file x1 y1 x2 y2, pixels")->required();
  command
      ->add_option("--landmarks", e.landmarks_path,
                   "lines: file box_index x y x y x y x y x y, pixels; index -1: no box")
      ->required();
  add_images(*command, e)->required();
  add_detector_options(*command, e, "measure detections above this score (default 0.6)");
  add_page(*command, e);
}

void add_pairs(CLI::App& eval, Arguments& a) {
  EvalArguments& e = a.eval;
  CLI::App* command = add_protocol(eval, a, EvalProtocol::pairs, "pairs",
                                   "Verification accuracy by folds, VAL and TAR at FAR (LFW)");
  command
      ->add_option("--pairs", e.pairs_path,
                   "pairs.txt of LFW, or lines: path path 1 (one person) or 0 (two people)")
      ->required();
  add_images(*command, e)->required();
  command->add_flag("--aligned", e.aligned,
                    "the pictures are crops of 112x112 pixels already: nothing is detected");
  command->add_flag("--flip", e.flip, "add the embedding of the mirrored crop");
  command
      ->add_option("--folds", e.folds,
                   "consecutive runs of an explicit list (default 10); pairs.txt states its own")
      ->check(CLI::Range(2, 1000));
  add_detector_options(*command, e, "choose among faces above this score (default 0.5)");
  exclude_detector_options(*command, "--aligned");
  add_page(*command, e);
}

void add_templates(CLI::App& eval, Arguments& a) {
  EvalArguments& e = a.eval;
  CLI::App* command =
      add_protocol(eval, a, EvalProtocol::templates, "templates",
                   "TAR at FAR between templates of several pictures (IJB-B, IJB-C 1:1)");
  command->add_option("--faces", e.faces_path, "lines: image template media")->required();
  command->add_option("--pairs", e.pairs_path, "lines: template template 1 or 0")->required();
  command
      ->add_option("--landmarks", e.landmarks_path,
                   "lines: image x y x y x y x y x y score, in the order of --faces, pixels")
      ->required();
  add_images(*command, e)->required();
  command->add_flag("--flip", e.flip, "add the embedding of the mirrored crop");
  command->add_flag("--score-weighting", e.score_weighting,
                    "multiply each embedding by the detector's score in --landmarks");
  command
      ->add_option("--bootstrap", e.bootstrap_replicates,
                   "draws of subjects for the interval of each TAR (default 0: none);\n"
                   "each passes over all pairs, which takes long for the whole of IJB-C")
      ->check(CLI::Range(0, 100000));
}

}  // namespace

CLI::App* add_eval_command(CLI::App& app, Arguments& arguments) {
  CLI::App* eval =
      app.add_subcommand("eval", "Accuracy by published protocols, on pictures that you have");
  eval->require_subcommand(1);
  add_boxes(*eval, arguments);
  add_wider(*eval, arguments);
  add_landmarks(*eval, arguments);
  add_pairs(*eval, arguments);
  add_templates(*eval, arguments);
  return eval;
}

}  // namespace cli
