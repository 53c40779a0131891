using FopWatch.Simulation.Tests.Hosts;

namespace FopWatch.Simulation.Tests.World;

/// <summary>One history: a scenario, played to its end in virtual time.</summary>
/// <param name="Violation">What went wrong; null if nothing did.</param>
/// <param name="Stage">What is left at the end.</param>
internal sealed record History(string? Violation, Stage Stage)
{
    /// <summary>How long nothing more may happen before a history is over.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(10);

    public static History Play(Scenario scenario, bool keepTrace = false, Action<Stage>? prepare = null)
    {
        var stage = new Stage(scenario, keepTrace);
        prepare?.Invoke(stage);
        var cluster = new Cluster(stage);
        cluster.Start();
        stage.Provider.Start(cluster);

        DateTimeOffset? restsSince = null;
        var ended = stage.Scheduler.Run(IsOver, () => stage.Checker.Violation is not null, Scenario.Start + LatestEnd(scenario));
        if (stage.Scheduler.Fault is null && stage.Checker.Violation is null)
            stage.Checker.Judge(ended);
        return new(stage.Scheduler.Fault ?? stage.Checker.Violation, stage);

        bool IsOver()
        {
            if (stage.Provider.Outstanding > 0 || stage.Age < scenario.Rates.Until || !stage.Checker.IsAtRest())
                restsSince = null;
            else
                restsSince ??= stage.Now;
            return stage.Now - restsSince >= Quiet;
        }
    }

    /// <summary>When everything has to have come to rest: everybody has said everything, and the last watch is past its deadline.</summary>
    private static TimeSpan LatestEnd(Scenario scenario)
    {
        var latest = scenario.Rates.Until;
        foreach (var script in scenario.Jobs)
        {
            var submitted = script.SubmittedAfter;
            Last(submitted + script.RegisteredAfter);
            Last(submitted + script.Job.DoneAfter + script.Late + script.Replays.DefaultIfEmpty().Max());
            Last(script.Fakes.Select(fake => fake.At).DefaultIfEmpty().Max());
            Last(script.Deeds.Select(deed => deed.At).DefaultIfEmpty().Max());
        }

        return latest + (1.2 * scenario.Sources.Max(source => source.Poll.Deadline + source.Poll.Max)) + TimeSpan.FromHours(4) + (4 * scenario.ClockError);

        void Last(TimeSpan age) => latest = age > latest ? age : latest;
    }
}
