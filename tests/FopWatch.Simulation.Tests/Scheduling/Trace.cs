using System.Globalization;

namespace FopWatch.Simulation.Tests.Scheduling;

/// <summary>What happened in a history, in order: always as a hash, and as lines when somebody wants to read it.</summary>
internal sealed class Trace(bool keep)
{
    private readonly List<string> _lines = [];
    private ulong _hash = 14695981039346656037;

    public bool IsKept => keep;

    public ulong Hash => _hash;

    public IReadOnlyList<string> Lines => _lines;

    public void Add(DateTimeOffset now, string who, string what, string? subject = null, string? result = null)
    {
        Mix((ulong)now.UtcTicks);
        Mix(who);
        Mix(what);
        Mix(subject);
        Mix(result);
        if (keep)
            _lines.Add(string.Create(CultureInfo.InvariantCulture, $"{now.UtcDateTime:dd'T'HH:mm:ss.fff}  {who,-10} {what,-22} {subject} {result}"));
    }

    private void Mix(string? text)
    {
        foreach (var c in text ?? "\0")
            Mix(c);
    }

    private void Mix(ulong value) => _hash = (_hash ^ value) * 1099511628211;
}
