using FopWatch.Simulation.Tests.Scheduling;

namespace FopWatch.Simulation.Tests.Ports;

/// <summary>A process's calls that may fail.</summary>
internal enum Call
{
    Find,
    Commit,
    Books,
    Unwatched,
    Due,
    NextDue,
    Pending,
    Remove,
    Depth,
    Keep,
    Quarantine,
    Publish,
    Ask,
}

/// <summary>The fault of one call.</summary>
internal enum Fault
{
    None,

    /// <summary>It fails without an effect.</summary>
    Fails,

    /// <summary>It succeeds, and seems to have failed.</summary>
    AnswerLost,

    /// <summary>A commit is refused as if another writer had been first; of several events only some are published.</summary>
    Halfway,

    /// <summary>The process crashes before the call has an effect.</summary>
    CrashBefore,

    /// <summary>The call succeeds, and the process crashes before it knows.</summary>
    CrashAfter,
}

internal interface IFaults
{
    /// <summary>The fault of this call.</summary>
    Fault Next(Call call);

    /// <summary>How long this call takes before it has an effect.</summary>
    TimeSpan Delay(Call call);

    /// <summary>Whether an event with the given probability happens.</summary>
    bool Strikes(double probability);
}

/// <summary>Only scripted faults occur: at the n-th call of a kind.</summary>
/// <param name="script">The faults.</param>
/// <param name="delays">The delays of calls and of their answers; 0 for those not listed.</param>
internal sealed class ScriptedFaults(
    IReadOnlyList<(Call Call, int Nth, Fault Fault)> script, IReadOnlyDictionary<Call, TimeSpan> delays) : IFaults
{
    private readonly Dictionary<Call, int> _calls = [];

    public Fault Next(Call call)
    {
        var nth = _calls[call] = _calls.GetValueOrDefault(call) + 1;
        return script.FirstOrDefault(line => line.Call == call && line.Nth == nth).Fault;
    }

    public TimeSpan Delay(Call call) => delays.GetValueOrDefault(call);

    public bool Strikes(double probability) => false;
}

/// <summary>The probabilities of the faults of one call.</summary>
internal sealed record FaultRates
{
    public double Fails { get; init; }

    public double AnswerLost { get; init; }

    public double Conflict { get; init; }

    public double Crash { get; init; }

    public double Slow { get; init; }

    /// <summary>The outages of the store, from the start of the history.</summary>
    public (TimeSpan From, TimeSpan To) StoreDown { get; init; }

    /// <summary>The outages of the broker.</summary>
    public (TimeSpan From, TimeSpan To) BrokerDown { get; init; }

    /// <summary>When faults end, from the start of the history.</summary>
    public TimeSpan Until { get; init; }
}

/// <summary>Random faults up to the time at which they end.</summary>
internal sealed class RandomFaults(Scheduler scheduler, DateTimeOffset start, FaultRates rates) : IFaults
{
    private Random Random => scheduler.Random;

    private TimeSpan Age => scheduler.Now - start;

    private bool AreOver => Age >= rates.Until;

    public Fault Next(Call call)
    {
        if (AreOver)
            return Fault.None;
        if (call is not (Call.Publish or Call.Ask) && IsWithin(rates.StoreDown))
            return Fault.Fails;
        if (call == Call.Publish && IsWithin(rates.BrokerDown))
            return Random.NextDouble() < 0.8 ? Fault.Fails : Fault.Halfway;

        var chance = Random.NextDouble();
        if ((chance -= rates.Crash) < 0)
            return Random.Next(2) == 0 ? Fault.CrashBefore : Fault.CrashAfter;
        if ((chance -= rates.Fails) < 0)
            return Fault.Fails;
        if ((chance -= rates.AnswerLost) < 0)
            return Fault.AnswerLost;
        return call is Call.Commit or Call.Publish && chance - rates.Conflict < 0 ? Fault.Halfway : Fault.None;
    }

    public TimeSpan Delay(Call call)
    {
        var chance = Random.NextDouble();
        if (chance > 0.2 + rates.Slow)
            return TimeSpan.Zero;
        if (chance > rates.Slow || AreOver)
            return TimeSpan.FromMilliseconds(Random.Next(1, 50));
        return chance > rates.Slow / 8 ? TimeSpan.FromMilliseconds(Random.Next(50, 5000)) : TimeSpan.FromSeconds(Random.Next(5, 200));
    }

    public bool Strikes(double probability) => !AreOver && Random.NextDouble() < probability;

    private bool IsWithin((TimeSpan From, TimeSpan To) window) => Age >= window.From && Age < window.To;
}
