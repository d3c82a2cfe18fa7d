#include "arguments.hpp"

#include <CLI/CLI.hpp>

namespace cli {

CLI::App* add_calibrate(CLI::App& app, CalibrateArguments& a) {
  CLI::App* calibrate = app.add_subcommand(
      "calibrate", "Thresholds for false accept rates, measured on your pictures");
  calibrate
      ->add_option("DIR", a.folder,
                   "folder with one sub-folder of pictures (JPEG, PNG, BMP, PNM) a person; the largest face "
                   "near the centre of each is used")
      ->required();
  calibrate
      ->add_option("--far", a.fars,
                   "target false accept rates, separated by commas (1e-3,1e-4); each needs 3 / FAR pairs of "
                   "strangers")
      ->delimiter(',');
  calibrate->add_option("--gallery", a.gallery, "people in a gallery, to state false hits per search (1000)")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000'000'000}));
  calibrate->add_option("--label", a.label,
                        "what the pictures are, one line for the record (the name of the folder)");
  calibrate->add_flag("--aligned", a.aligned,
                      "the pictures are faces aligned to 112x112 pixels already: nothing is detected");
  calibrate->add_option("-o,--out", a.out_path, "calibration file to write (none)");
  return calibrate;
}

void add_verdict_options(CLI::App& compare, VerdictArguments& a) {
  compare.add_option("--calibration", a.calibration_path,
                     "calibration of the recogniser, made by faceio calibrate (the one beside its weights)");
  compare.add_option("--far", a.far,
                     "false accept rate of the verdict, one of the calibration's (1e-4, or its smallest)");
  compare.add_flag("--explain", a.explain, "quality of both faces, and what limits trust in the cosine");
}

void add_explain(CLI::App& embed, VerdictArguments& a) {
  embed.add_flag("--explain", a.explain, "quality of every face, and what limits trust in its embedding");
}

}  // namespace cli
