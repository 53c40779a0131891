using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using FopWatch.Simulation.Tests.World;

namespace FopWatch.Simulation.Tests;

/// <summary>Attacks the promise: every id ends in exactly one recorded outcome and one published outcome event.</summary>
/// <remarks>
/// <c>FOPWATCH_SIM_HISTORIES</c> sets the number of histories. <c>FOPWATCH_SIM_SEED</c> plays the history of one seed and prints its trace.
/// </remarks>
public sealed class SimulationTests
{
    /// <summary>The number of histories unless FOPWATCH_SIM_HISTORIES sets it.</summary>
    private const int Histories = 10_000;

    /// <summary>The faults in the figures, by their names in <see cref="Tally"/>.</summary>
    private static readonly string[] Faults =
        ["crashes", "store failures", "broker failures", "status failures", "answers lost", "conflicts", "clock jumps", "notifications lost", "notifications forged"];

    private static string? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    [Fact]
    public void Every_id_ends_in_exactly_one_outcome_whatever_happens()
    {
        if (Setting("FOPWATCH_SIM_SEED") is { } chosen)
        {
            Replay(int.Parse(chosen, CultureInfo.InvariantCulture));
            return;
        }

        // Fixed seeds, so that a change is compared with earlier runs, and some new ones.
        var count = Setting("FOPWATCH_SIM_HISTORIES") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : Histories;
        var fresh = RandomNumberGenerator.GetInt32(1_000_000, int.MaxValue - count);
        var seeds = Enumerable.Range(1, count).Concat(Enumerable.Range(fresh, count / 10)).ToList();
        var clock = Stopwatch.StartNew();
        var (total, failed, steps, lasted) = (new Tally(), new List<(int Seed, string Violation)>(), 0L, TimeSpan.Zero);
        Parallel.ForEach(
            seeds,
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = TestContext.Current.CancellationToken },
            (seed, state) =>
            {
                var history = History.Play(ScenarioPlan.Of(seed));
                lock (total)
                {
                    total.Add(history.SimulatedWorld.Tally);
                    total.Add("histories");
                    steps += history.SimulatedWorld.Scheduler.Steps;
                    lasted += history.SimulatedWorld.Age;
                    if (history.Violation is { } violation)
                        failed.Add((seed, violation));
                    if (failed.Count >= 5)
                        state.Stop();
                }
            });

        Report(string.Create(
            CultureInfo.InvariantCulture,
            $"Simulation: {total["histories"]} histories (seeds 1-{count} and {fresh}-{fresh + (count / 10) - 1}), {lasted.TotalDays:0} days of virtual time, {steps} steps in {clock.Elapsed.TotalSeconds:0} s; {(failed.Count == 0 ? "lost 0, wrong 0" : $"{failed.Count} FAILED")}."));
        Report($"Simulation: {total}.");
        Figures.Report(
            string.Create(CultureInfo.InvariantCulture, $"Simulation of both hosts: {total["histories"]} histories, {lasted.TotalDays:0} days of virtual time"),
            total["jobs"],
            string.Create(CultureInfo.InvariantCulture, $"{Faults.Sum(fault => total[fault])}: {string.Join(", ", Faults.Select(fault => $"{total[fault]} {fault}"))}"),
            0,
            failed.Count,
            string.Create(CultureInfo.InvariantCulture, $"{total["event ids repeated"]} events"),
            "-");
        Assert.True(failed.Count > 0 || total["jobs overdue"] > 0, "No job became overdue.");
        Assert.True(failed.Count > 0 || total["histories"] == seeds.Count, "Some histories were not played.");
        Assert.True(failed.Count == 0, string.Join("\n\n", failed.OrderBy(one => one.Seed).Select(one => $"Seed {one.Seed}: {one.Violation}\nReproduce with: {Command(one.Seed)}")));
    }

    /// <summary>
    /// Seeds whose histories once ended wrongly. Their findings are also written down in <see cref="SmallHistories"/>, where no change
    /// of the scenario plan can lose them.
    /// </summary>
    [Theory]
    [InlineData(24)]
    [InlineData(209)]
    [InlineData(251)]
    [InlineData(588)]
    [InlineData(663)]
    [InlineData(682)]
    [InlineData(782)]
    [InlineData(21621)]
    [InlineData(928432968)]
    public void A_history_that_once_ended_wrongly_ends_well(int seed)
    {
        var history = History.Play(ScenarioPlan.Of(seed));

        Assert.True(history.Violation is null, $"{history.Violation}\nReproduce with: {Command(seed)}");
    }

    private static string Command(int seed) => string.Create(
        CultureInfo.InvariantCulture,
        $"FOPWATCH_SIM_SEED={seed} dotnet run --project tests/FopWatch.Simulation.Tests -- -method '*Every_id_ends_in_exactly_one_outcome*'");

    private static void Replay(int seed)
    {
        var history = History.Play(ScenarioPlan.Of(seed), keepTrace: true);
        foreach (var line in history.SimulatedWorld.Scheduler.Trace.Lines)
            Report(line);
        Report($"seed {seed}: {history.SimulatedWorld.Tally}");
        Assert.True(history.Violation is null, history.Violation);
    }

    // Not to the test's own output, which is hidden if the test passes.
    private static void Report(string line) => Console.WriteLine(line);
}
