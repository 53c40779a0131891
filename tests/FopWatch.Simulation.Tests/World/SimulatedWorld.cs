using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.Scheduling;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.World;

/// <summary>What outlasts every crash in a history, and its observers.</summary>
internal sealed class SimulatedWorld
{
    private readonly AsyncLocal<bool> _byHand = new();

    public SimulatedWorld(Scenario scenario, bool keepTrace)
    {
        Scenario = scenario;
        Scheduler = new(new Random(scenario.Seed), Scenario.Start, new(keepTrace));
        Faults = scenario.Script is { } script ? new ScriptedFaults(script, scenario.Delays) : new RandomFaults(Scheduler, Scenario.Start, scenario.Rates);
        Outside = new(Scheduler, "outside");
        Provider = new(this);
        Checker = new(this);
        Broker = new(Checker);
        Store = new(() => Scheduler.Now);
        Store.Committed = Checker.Committed;
        Store.Removed = Checker.Removed;
        if (scenario.Seed % 2 == 0)
            LearnPlans();
    }

    public Scenario Scenario { get; }

    public Scheduler Scheduler { get; }

    public IFaults Faults { get; }

    public MemoryStore Store { get; }

    public Broker Broker { get; }

    public Provider Provider { get; }

    public Checker Checker { get; }

    public Tally Tally { get; } = new();

    /// <summary>What all processes have learned: nothing in one half of the histories; in the other half, plans of jobs that may be quite unlike those of the history.</summary>
    public LearnedPlans Plans { get; } = new();

    /// <summary>The lifetime of the provider, the applications and the operator, which never crash and have the right time.</summary>
    public ProcessLifetime Outside { get; }

    /// <summary>Whether the current work was requested: a poll by an operator.</summary>
    public bool IsByHand
    {
        get => _byHand.Value;
        set => _byHand.Value = value;
    }

    public DateTimeOffset Now => Scheduler.Now;

    public TimeSpan Age => Now - Scenario.Start;

    public Task DelayAsync(TimeSpan delay) => delay > TimeSpan.Zero ? Task.Delay(delay, Outside.Clock) : Task.CompletedTask;

    public Task UntilAsync(TimeSpan age) => DelayAsync(age - Age);

    private void LearnPlans()
    {
        foreach (var source in Scenario.Sources)
        {
            var random = Simulator.Seeded.Random(Scenario.Seed, 118);
            var programme = new PollProgramme(new GivenAges(Enumerable.Range(0, 20).Select(_ => Math.Exp(9 * random.NextDouble()))), source.Poll, random.NextDouble() * 0.9);
            Plans.Set(
                source.Name,
                new(Some(), new Dictionary<string, LearnedPlan>(StringComparer.Ordinal) { ["avthumb/mp4"] = Some(), ["vframe/jpg"] = Some() }),
                new Dictionary<string, ISurvivalCurve>(),
                new(Age(), new Dictionary<string, TimeSpan?>(StringComparer.Ordinal) { ["avthumb/mp4"] = Age(), ["vframe/jpg"] = Age() }));

            TimeSpan Age() => TimeSpan.FromSeconds(Math.Exp(9 * random.NextDouble()));

            LearnedPlan Some() => programme.Best(Math.Exp(8 * random.NextDouble()));
        }
    }

    public void Trace(string who, string what, string? subject = null, string? result = null) => Scheduler.Trace.Add(Now, who, what, subject, result);
}
