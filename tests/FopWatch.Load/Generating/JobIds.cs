using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace FopWatch.Load.Generating;

/// <summary>Unused ids of equal length: <c>z0.</c> and 20 hexadecimal digits, the last 12 of which are a number.</summary>
/// <param name="most">The number of ids.</param>
/// <param name="prefix">The prefix of the ids; null for a random one.</param>
internal sealed class JobIds(long most = long.MaxValue, string? prefix = null)
{
    public const int Length = 23;

    /// <summary>The placeholder of an id in a template.</summary>
    public const string Place = "z0.--------------------";

    private const int Digits = 12;

    private readonly string _prefix = prefix ?? string.Create(CultureInfo.InvariantCulture, $"z0.{Random.Shared.Next():x8}");
    private long _taken;

    public string this[long number] => string.Create(CultureInfo.InvariantCulture, $"{_prefix}{number:x12}");

    public long Taken => Math.Min(most, Interlocked.Read(ref _taken));

    /// <summary>The same ids, starting with the first.</summary>
    public JobIds Restarted() => new(most, _prefix);

    /// <summary>Takes the next ids.</summary>
    /// <returns>The number of the first; null if too few are left.</returns>
    public long? Take(int count = 1) => Interlocked.Add(ref _taken, count) is var end && end <= most ? end - count : null;

    /// <summary>Writes an id to positions of a template.</summary>
    public void Write(long number, byte[] template, params ReadOnlySpan<int> places)
    {
        Span<byte> id = stackalloc byte[Length];
        Encoding.ASCII.GetBytes(_prefix, id);
        Utf8Formatter.TryFormat(number, id[^Digits..], out _, new('x', Digits));
        foreach (var place in places)
            id.CopyTo(template.AsSpan(place));
    }

    /// <summary>The number of an id; null for an id of another series.</summary>
    public long? NumberOf(ReadOnlySpan<byte> id) =>
        id.Length == Length && Ascii.Equals(id[..^Digits], _prefix) && Utf8Parser.TryParse(id[^Digits..], out long number, out _, 'x') && number < most ? number : null;
}
