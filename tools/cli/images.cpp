#include "images.hpp"

#include <algorithm>
#include <cstdio>
#include <new>

#include "json.hpp"

namespace cli {

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return 0.5 * (values[(values.size() - 1) / 2] + values[values.size() / 2]);
}

LoadedImage load_image(const std::string& path) {
  LoadedImage image;
  image.path = path;
  const Stopwatch watch;
  std::string error;
  if (!faceio::host::try_read_picture(path, image.picture, error)) throw InputError(error);
  image.decode_ms = watch.elapsed_ms();
  return image;
}

void report_error(const Arguments& arguments, const std::string& image,
                  const std::string& what) {
  // Errors of files name them already; those of the library do not know whose pixels they were.
  const std::string sentence = what.rfind(image, 0) == 0 ? what : image + ": " + what;
  std::fprintf(stderr, "faceio: %s\n", sentence.c_str());
  if (arguments.json) std::printf("%s\n", json_error(image, sentence).c_str());
}

Outcome for_each_image(const Arguments& arguments,
                       const std::function<Outcome(const LoadedImage&)>& work) {
  Outcome worst = Outcome::done;
  for (const std::string& path : arguments.images) {
    try {
      worst = worse(worst, work(load_image(path)));
    } catch (const std::bad_alloc&) {
      report_error(
          arguments, path,
          path + ": not enough memory for a picture of this size; try --min-face 32 or more");
      worst = Outcome::bad_input;
    } catch (const std::exception& e) {
      report_error(arguments, path, e.what());
      worst = Outcome::bad_input;
    }
    std::fflush(stdout);
  }
  return worst;
}

}  // namespace cli
