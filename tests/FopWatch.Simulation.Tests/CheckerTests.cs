using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;

namespace FopWatch.Simulation.Tests;

/// <summary>Tests the simulation itself: it detects broken promises, and a seed determines a history completely.</summary>
public sealed class CheckerTests
{
    [Theory]
    [InlineData((int)BrokenPromise.IgnoresVersions)]
    [InlineData((int)BrokenPromise.ForgetsJobs)]
    [InlineData((int)BrokenPromise.ForgetsEvents)]
    [InlineData((int)BrokenPromise.ForgetsDueRows)]
    [InlineData((int)BrokenPromise.EmptiesOutbox)]
    [InlineData((int)BrokenPromise.ForgetsQuarantine)]
    public void A_store_that_breaks_its_promises_is_detected(int promise) =>
        Assert.NotNull(FirstViolation(world => world.Store.BrokenPromise = (BrokenPromise)promise));

    [Fact]
    public void A_broker_that_swallows_events_is_detected() =>
        Assert.NotNull(FirstViolation(world => world.Broker.Swallows = true));

    [Fact]
    public void A_wrong_outcome_is_detected() =>
        Assert.Contains("not the true one", FirstViolation(world => world.Provider.Lies = true), StringComparison.Ordinal);

    [Theory]
    [InlineData((int)HostKind.Embedded)]
    [InlineData((int)HostKind.Cloud)]
    public void A_seed_determines_everything(int host)
    {
        var seeds = Enumerable.Range(1, 100).Where(seed => ScenarioPlan.Of(seed).Host == (HostKind)host).Take(30).ToList();

        var hashes = seeds.Select(Hash).ToList();

        Assert.Equal(hashes, seeds.Select(Hash));
        Assert.Distinct(hashes);
        Assert.NotEqual(hashes[0], History.Play(ScenarioPlan.Of(seeds[0]) with { Seed = 0 }).SimulatedWorld.Scheduler.Trace.Hash);

        static ulong Hash(int seed) => History.Play(ScenarioPlan.Of(seed)).SimulatedWorld.Scheduler.Trace.Hash;
    }

    /// <summary>The first violation in the histories of a few hundred seeds, or null.</summary>
    private static string? FirstViolation(Action<SimulatedWorld> prepare) =>
        Enumerable.Range(1, 300).Select(seed => History.Play(ScenarioPlan.Of(seed), prepare: prepare).Violation).FirstOrDefault(violation => violation is not null);
}
