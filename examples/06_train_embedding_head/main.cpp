// Trains a linear head on the recogniser's embeddings of people of yours, and writes a recogniser that has it.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "compare.hpp"
#include "losses.hpp"
#include "people.hpp"

#include <faceio/train/blob_writer.hpp>

namespace {

using namespace faceio;

constexpr char kUsage[] =
    "usage: 06_train_embedding_head compare PEOPLE [STEPS [SEEDS]]     all losses beside each other; 5 to 11 seeds\n"
    "       06_train_embedding_head train PEOPLE LOSS OUTPUT [STEPS]   a recogniser, OUTPUT.fiow; goes on where an earlier\n"
    "                                                                  run with the same words was cut short\n"
    "PEOPLE: a folder with a folder for each person, in it aligned crops of 112 x 112 pixels. Run it in the project root.\n";
constexpr char kRecogniser[] = "weights/mobilefacenet_192.fiow";

void write_recogniser(const Blob& blob, const train::Matrix<float>& head, const std::string& trained_with,
                      const std::string& path) {
  const uint16_t last = train::operation(mobilefacenet_192::kNetwork.view(), "embedding");
  train::BlobWriter writer(blob);
  writer.set_pointwise(last, train::followed_by(writer.pointwise(last), head));
  const Span<const char> origin = blob.provenance();
  writer.set_provenance("{\"head\":\"" + trained_with + "\",\"network\":" + std::string(origin.begin(), origin.end()) + "}");
  const std::vector<uint8_t> bytes = writer.bytes();
  std::string error;
  if (!files::write_file(path, {bytes.data(), bytes.size()}, error)) throw std::runtime_error(error);
}

void train_head(const People& people, const Blob& blob, const std::string& loss_name, const std::string& output,
                int64_t steps) {
  train::EmbeddingHead<float> task(people.embeddings, people.person, people.count, no_change(),
                                   loss_called(loss_name).options);
  train::TrainerOptions training = training_of(steps, 1);
  training.checkpoint = output + ".state";
  training.checkpoint_every = 20;
  train::Trainer<float> trainer(task, training);
  if (std::filesystem::exists(training.checkpoint)) trainer.resume(training.checkpoint);
  train::TrainingLog log(output + ".jsonl", trainer.step());
  trainer.run([&](const train::StepReport& report) {
    log.write(report);
    if (report.step % 100 == 0) std::fprintf(stderr, "%s\n", train::progress_line(report).c_str());
  });
  write_recogniser(blob, task.head(), loss_name + ", " + std::to_string(people.count) + " people, " + std::to_string(steps) +
                   " steps", output + ".fiow");
  std::printf("%s.fiow: a recogniser; %s.jsonl: what its training said; %s.state: to go on with\n", output.c_str(),
              output.c_str(), output.c_str());
}

/// A whole number of at least `least`; throws when `text` is none.
int number(const char* text, int least) {
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || value < least || value > 1000000)
    throw std::runtime_error(std::string(text) + " is no number of at least " + std::to_string(least));
  return static_cast<int>(value);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  const bool compares = command == "compare" && argc >= 3 && argc <= 5;
  const bool trains = command == "train" && argc >= 5 && argc <= 6;
  if (!compares && !trains) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  try {
    auto embedder = host::OwnedEmbedder::load(kRecogniser);
    const int words = compares ? 3 : 5, steps = argc > words ? number(argv[words], 40) : 300;
    const int seeds = compares && argc > 4 ? number(argv[4], 5) : 10;
    if (seeds > 11) throw std::runtime_error("at most 11 seeds");
    const People people = read_people(argv[2], 4, embedder);
    if (compares) compare_losses(people, steps, seeds);
    else train_head(people, embedder.blob(), argv[3], argv[4], steps);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
