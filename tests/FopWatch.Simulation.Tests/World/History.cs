using FopWatch.Simulation.Tests.Hosts;

namespace FopWatch.Simulation.Tests.World;

/// <summary>A history: a scenario, played to its end in virtual time.</summary>
/// <param name="Violation">The violation, or null.</param>
/// <param name="SimulatedWorld">The world at the end.</param>
internal sealed record History(string? Violation, SimulatedWorld SimulatedWorld)
{
    /// <summary>How long nothing may happen before a history is over.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(10);

    public static History Play(Scenario scenario, bool keepTrace = false, Action<SimulatedWorld>? prepare = null)
    {
        var world = new SimulatedWorld(scenario, keepTrace);
        prepare?.Invoke(world);
        var cluster = new Cluster(world);
        cluster.Start();
        world.Provider.Start(cluster);

        DateTimeOffset? restsSince = null;
        var ended = world.Scheduler.Run(IsOver, () => world.Checker.Violation is not null, Scenario.Start + LatestEnd(scenario));
        if (world.Scheduler.Fault is null && world.Checker.Violation is null)
            world.Checker.Judge(ended);
        return new(world.Scheduler.Fault ?? world.Checker.Violation, world);

        bool IsOver()
        {
            if (world.Provider.Outstanding > 0 || world.Age < scenario.Rates.Until || !world.Checker.IsAtRest())
                restsSince = null;
            else
                restsSince ??= world.Now;
            return world.Now - restsSince >= Quiet;
        }
    }

    /// <summary>The time by which everything must have come to rest: every message has been sent, and the last watch is past its deadline.</summary>
    private static TimeSpan LatestEnd(Scenario scenario)
    {
        var latest = scenario.Rates.Until;
        foreach (var script in scenario.Jobs)
        {
            var submitted = script.SubmittedAfter;
            Last(submitted + script.RegisteredAfter);
            Last(submitted + script.Job.DoneAfter + script.Late + script.Replays.DefaultIfEmpty().Max());
            Last(script.Fakes.Select(fake => fake.At).DefaultIfEmpty().Max());
            Last(script.Interventions.Select(action => action.At).DefaultIfEmpty().Max());
        }

        return latest + (1.2 * scenario.Sources.Max(source => source.Poll.Deadline + source.Poll.Max)) + TimeSpan.FromHours(4) + (4 * scenario.ClockError);

        void Last(TimeSpan age) => latest = age > latest ? age : latest;
    }
}
