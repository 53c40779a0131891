using System.Globalization;

namespace FopWatch.Simulation.Tests.Scheduling;

/// <summary>An entry of a history's trace.</summary>
internal sealed record Entry(DateTimeOffset At, string Who, string What, string? Subject, string? Result)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{At.UtcDateTime:dd'T'HH:mm:ss.fff}  {Who,-10} {What,-22} {Subject} {Result}");
}

/// <summary>The trace of a history in order: always as a hash, and as entries on request.</summary>
internal sealed class Trace(bool keep)
{
    private readonly List<Entry> _entries = [];
    private ulong _hash = 14695981039346656037;

    public bool IsKept => keep;

    public ulong Hash => _hash;

    public IReadOnlyList<Entry> Entries => _entries;

    public IEnumerable<string> Lines => _entries.Select(entry => entry.ToString());

    public void Add(DateTimeOffset now, string who, string what, string? subject = null, string? result = null)
    {
        Mix((ulong)now.UtcTicks);
        Mix(who);
        Mix(what);
        Mix(subject);
        Mix(result);
        if (keep)
            _entries.Add(new(now, who, what, subject, result));
    }

    private void Mix(string? text)
    {
        foreach (var c in text ?? "\0")
            Mix(c);
    }

    private void Mix(ulong value) => _hash = (_hash ^ value) * 1099511628211;
}
