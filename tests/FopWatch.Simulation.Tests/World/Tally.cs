using System.Globalization;
using FopWatch.Simulation.Tests.Ports;

namespace FopWatch.Simulation.Tests.World;

/// <summary>How often each kind of event happened, over one history or many.</summary>
internal sealed class Tally
{
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public long this[string what] => _counts.GetValueOrDefault(what);

    /// <summary>Calls after which a poll may have been lost, and is repeated.</summary>
    public long Failures { get; private set; }

    public void Add(string what, long count = 1) => _counts[what] = _counts.GetValueOrDefault(what) + count;

    public void Add(Call call, Fault fault)
    {
        Failures++;
        Add(fault switch
        {
            Fault.CrashBefore or Fault.CrashAfter => "crashes",
            Fault.Fails => call == Call.Publish ? "broker failures" : call == Call.Ask ? "status failures" : "store failures",
            Fault.AnswerLost => "answers lost",
            _ => call == Call.Commit ? "conflicts" : "batches cut",
        });
    }

    public void Add(Tally other)
    {
        foreach (var (what, count) in other._counts)
            Add(what, count);
    }

    public override string ToString() =>
        string.Join(", ", _counts.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {pair.Key}")));
}
