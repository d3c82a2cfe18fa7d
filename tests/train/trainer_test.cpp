// The training loop, its random numbers and its checkpoints.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <faceio/train/trainer.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "../host/host_support.hpp"
#include "../support/files.hpp"
#include "refuses.hpp"

using namespace faceio::train;

namespace {

/// Least squares: 1/2 |x - point|^2, whose minimum over all points is their mean. Remembers which were asked for.
class Mean final : public Task<double> {
 public:
  explicit Mean(uint64_t recipe = 1) : recipe_(recipe) {
    parameters.emplace_back("x", Matrix<double>::Zero(1, 2));
    parameters.emplace_back("seen", Matrix<double>::Zero(1, 1));
    parameters.back().descends = false;
  }
  Index examples() const override { return 10; }
  uint64_t recipe() const override { return recipe_; }
  double loss(const std::vector<Index>& batch) override {
    batches.push_back(batch);
    Matrix<double>& gradient = parameters[0].gradient;
    gradient = Matrix<double>::Zero(1, 2);
    double value = 0.0;
    for (const Index i : batch) {
      Matrix<double> offset(1, 2);
      offset << parameters[0].value(0, 0) - static_cast<double>(i), parameters[0].value(0, 1) + 2.0;
      gradient += offset / static_cast<double>(batch.size());
      value += 0.5 * offset.squaredNorm() / static_cast<double>(batch.size());
    }
    parameters[1].value(0, 0) += static_cast<double>(batch.size());
    return broken_at == static_cast<int>(batches.size()) ? std::nan("") : value;
  }

  std::vector<std::vector<Index>> batches;
  int broken_at = -1;

 private:
  uint64_t recipe_;
};

TrainerOptions options_of(int64_t steps) {
  TrainerOptions options;
  options.steps = steps;
  options.batch = 3;
  options.sgd.schedule = {0.1, {20, 40}, 0.5};
  options.sgd.weight_decay = 0.0;
  return options;
}

bool same(const Mean& a, const Mean& b) {
  return a.parameters[0].value == b.parameters[0].value && a.parameters[0].velocity == b.parameters[0].velocity &&
         a.parameters[1].value == b.parameters[1].value;
}

}  // namespace

TEST_CASE("random numbers are SplitMix64's, and streams differ") {
  // Computed with arbitrary precision from the definition.
  Random zero(0), other(7, 3);
  CHECK(zero.next() == 0xa706dd2f4d197e6fu);
  CHECK(zero.next() == 0xb382a305f4414f5eu);
  CHECK(other.next() == 0xe7567ef2ad7545b9u);
  CHECK(other.next() == 0x18ebd61d9876da56u);
  CHECK(Random(7, 3).next() != Random(7, 4).next());
  Random random(5);
  double sum = 0.0, squares = 0.0, lowest = 1.0, highest = 0.0;
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.normal(), u = random.uniform();
    sum += x;
    squares += x * x;
    lowest = std::min(lowest, u);
    highest = std::max(highest, u);
  }
  CHECK(std::abs(sum / kCount) < 4.0 / std::sqrt(kCount));
  CHECK(std::abs(squares / kCount - 1.0) < 4.0 * std::sqrt(2.0 / kCount));
  CHECK(lowest >= 0.0);
  CHECK(lowest < 0.001);
  CHECK(highest < 1.0);
  CHECK(highest > 0.999);
}

TEST_CASE("shuffled is a permutation, each order as likely as another") {
  std::vector<int> seen(6, 0);
  for (uint64_t seed = 0; seed < 6000; ++seed) {
    const auto order = shuffled(3, Random(seed));
    REQUIRE(std::set<Index>(order.begin(), order.end()) == std::set<Index>{0, 1, 2});
    ++seen[static_cast<size_t>(order[0] * 2 + (order[1] > order[2] ? 1 : 0))];
  }
  for (const int count : seen) CHECK(std::abs(count - 1000) < 150);  // five deviations
}

TEST_CASE("each epoch has every example of its whole batches once, in an order of its own") {
  Mean task;
  Trainer<double> trainer(task, options_of(6));
  trainer.run();
  REQUIRE(task.batches.size() == 6);
  const auto epoch = [&](size_t first) {
    std::vector<Index> all;
    for (size_t i = first; i < first + 3; ++i) {
      CHECK(task.batches[i].size() == 3);
      all.insert(all.end(), task.batches[i].begin(), task.batches[i].end());
    }
    CHECK(std::set<Index>(all.begin(), all.end()).size() == 9);
    return all;
  };
  CHECK(epoch(0) != epoch(3));
}

TEST_CASE("descent ends at the minimum, and reports say how far it is") {
  Mean task;
  TrainerOptions options = options_of(400);
  options.batch = 100;  // more than there are
  Trainer<double> trainer(task, options);
  std::vector<StepReport> reports;
  trainer.run([&](const StepReport& r) { reports.push_back(r); });
  CHECK(task.parameters[0].value(0, 0) == doctest::Approx(4.5).epsilon(1e-6));
  CHECK(task.parameters[0].value(0, 1) == doctest::Approx(-2.0).epsilon(1e-6));
  CHECK(task.parameters[1].value(0, 0) == 4000.0);
  REQUIRE(reports.size() == 400);
  CHECK(reports[0].step == 1);
  CHECK(reports[0].loss == doctest::Approx((285.0 / 10 + 4.0) / 2));
  CHECK(reports[19].rate == 0.1);
  CHECK(reports[20].rate == 0.05);
  CHECK(reports[399].epoch == 399);
  CHECK(reports[399].remaining_s == 0.0);
  CHECK(reports[0].remaining_s >= reports[0].elapsed_s * 398);
  CHECK(json_line({3, 9, 1, 0.5, 0.25, 1.5, 2.0}) ==
        "{\"step\":3,\"epoch\":1,\"loss\":0.5,\"rate\":0.25,\"elapsed_s\":1.500,\"remaining_s\":2.000}");
  CHECK(json_line({3, 9, 1, 0.5, 0.25, 1.5, 2.0}, "\"box\":1,\"class\":2") ==
        "{\"step\":3,\"epoch\":1,\"loss\":0.5,\"rate\":0.25,\"elapsed_s\":1.500,\"remaining_s\":2.000,"
        "\"box\":1,\"class\":2}");
  CHECK(progress_line({3, 9, 1, 0.5, 0.25, 1.5, 2.0}) == "step 3 of 9, loss 0.5, rate 0.25, 2 s left");
}

TEST_CASE("a training that is cut after any step goes on bit for bit") {
  const host_support::TemporaryFolder folder;
  const std::string path = folder.path("state");
  Mean whole;
  Trainer<double>(whole, options_of(50)).run();
  for (int64_t cut = 1; cut < 50; cut += 6) {
    TrainerOptions options = options_of(cut);
    options.checkpoint = path;
    options.checkpoint_every = 20;
    Mean first, second;
    Trainer<double>(first, options).run();
    options.steps = 50;
    Trainer<double> trainer(second, options);
    trainer.resume(path);
    CHECK(trainer.step() == cut);
    trainer.run();
    CHECK(same(second, whole));
    Mean different;
    options.seed = 2;
    Trainer<double>(different, options).run();
    CHECK_FALSE(same(different, whole));
  }
}

TEST_CASE("a step is reported before a checkpoint has it: a log lacks no step of the training that goes on") {
  const host_support::TemporaryFolder folder;
  TrainerOptions options = options_of(5);
  options.checkpoint = folder.path("state");
  options.checkpoint_every = 1;
  Mean task;
  Trainer<double>(task, options).run([&](const StepReport& report) {
    if (report.step == 1) {
      CHECK_FALSE(test::exists(options.checkpoint));
      return;
    }
    Mean other;
    Trainer<double> resumed(other, options);
    resumed.resume(options.checkpoint);
    CHECK(resumed.step() == report.step - 1);
  });
}

TEST_CASE("checkpoints of another training, and damaged ones, are refused and change nothing") {
  const host_support::TemporaryFolder folder;
  const std::string path = folder.path("state");
  TrainerOptions options = options_of(5);
  options.checkpoint = path;
  Mean task;
  Trainer<double>(task, options).run();
  const auto refused = [&](const TrainerOptions& with, uint64_t recipe, const std::vector<std::string>& text) {
    Mean other(recipe);
    Trainer<double> trainer(other, with);
    const bool refuses = test::refuses([&] { trainer.resume(path); }, text);
    return refuses && same(other, Mean()) && trainer.step() == 0;
  };
  CHECK(refused(options, 2, {path, "other options, data"}));
  for (int change = 0; change < 6; ++change) {
    TrainerOptions other = options;
    if (change == 0) other.seed = 9;
    if (change == 1) other.batch = 4;
    if (change == 2) other.sgd.schedule.rate = 0.2;
    if (change == 3) other.sgd.schedule.drops = {20};
    if (change == 4) other.sgd.momentum = 0.5;
    if (change == 5) other.sgd.weight_decay = 0.1;
    CHECK(refused(other, 1, {"other options"}));
  }
  const std::vector<uint8_t> good = test::read_file(path);
  const auto write = [&](const std::vector<uint8_t>& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  for (size_t i = 0; i < good.size(); ++i) {
    std::vector<uint8_t> bad = good;
    bad[i] ^= 1;
    write(bad);
    REQUIRE(refused(options, 1, {path, i < 4 ? "no checkpoint" : "damaged"}));
    bad.assign(good.begin(), good.begin() + static_cast<ptrdiff_t>(i));
    write(bad);
    REQUIRE(refused(options, 1, {path}));
  }
  // A right checksum over wrong content.
  for (size_t i = 4; i + 4 < good.size(); ++i) {
    for (const size_t cut : {size_t{0}, i}) {
      std::vector<uint8_t> bad(good.begin(), good.end() - 4);
      if (cut == 0) bad[i] ^= 0x80;
      else bad.resize(cut);
      const uint32_t crc = faceio::crc32c(bad.data(), bad.size());
      for (int byte = 0; byte < 4; ++byte) bad.push_back(static_cast<uint8_t>(crc >> (8 * byte)));
      write(bad);
      Mean other;
      Trainer<double> trainer(other, options);
      try {
        trainer.resume(path);  // numbers may be others: that is what the checksum is for
        REQUIRE(cut == 0);
      } catch (const Error&) {
        REQUIRE(same(other, Mean()));
      }
    }
  }
  std::filesystem::remove(path);
  CHECK(refused(options, 1, {path}));
}

TEST_CASE("a log has each step once, also where a training went on from an earlier one") {
  const host_support::TemporaryFolder folder;
  const std::string path = folder.path("log.jsonl");
  const auto write = [&](int64_t done, int64_t until) {
    TrainingLog log(path, done);
    for (int64_t step = done + 1; step <= until; ++step) log.write({step, 9, 0, 1.0 / static_cast<double>(step), 0.1, 0, 0});
  };
  write(0, 7);
  std::ofstream(path, std::ios::app) << "{\"step\":8,\"epo";  // the end of a killed program
  write(5, 9);
  std::ifstream file(path);
  int64_t step = 0;
  for (std::string line; std::getline(file, line);) {
    ++step;
    CHECK(line.find("{\"step\":" + std::to_string(step) + ",\"epoch\":0,\"loss\":") == 0);
    CHECK(line.back() == '}');
  }
  CHECK(step == 9);
  write(0, 1);
  CHECK(test::read_file(path).size() < 100);
  CHECK(test::refuses([] { TrainingLog("/nowhere/log", 0); }, {"/nowhere/log", "cannot be written"}));
}

TEST_CASE("what cannot be trained is refused") {
  Mean task;
  CHECK(test::refuses([&] { Trainer<double>(task, options_of(-1)); }, {"0 steps or more", "-1"}));
  TrainerOptions no_batch = options_of(1);
  no_batch.batch = 0;
  CHECK(test::refuses([&] { Trainer<double>(task, no_batch); }, {"batches of at least 1"}));
  task.broken_at = 2;
  Trainer<double> trainer(task, options_of(5));
  CHECK(test::refuses([&] { trainer.run(); }, {"loss of step 1 is not finite"}));
  CHECK(trainer.step() == 1);
  Mean doubled;
  doubled.parameters.emplace_back("x", Matrix<double>::Zero(1, 1));
  CHECK(test::refuses([&] { Trainer<double>(doubled, options_of(1)); }, {"two parameters are called x"}));
  TrainerOptions nowhere = options_of(1);
  nowhere.checkpoint = "/nowhere/at/all";
  Mean lost;
  Trainer<double> writer(lost, nowhere);
  CHECK(test::refuses([&] { writer.run(); }, {"/nowhere/at/all", "cannot be written"}));
}
