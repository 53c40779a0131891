using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace FopWatch.Load.Generating;

/// <summary>Ids of one length that nothing has named before: <c>z0.</c> and 20 hexadecimal digits.</summary>
/// <param name="most">How many there are.</param>
/// <param name="prefix">What they begin with; null for something new.</param>
internal sealed class JobIds(long most = long.MaxValue, string? prefix = null)
{
    public const int Length = 23;

    /// <summary>Where an id stands in a template.</summary>
    public const string Place = "z0.--------------------";

    private readonly string _prefix = prefix ?? string.Create(CultureInfo.InvariantCulture, $"z0.{Random.Shared.Next():x8}");
    private long _taken;

    public string this[long number] => string.Create(CultureInfo.InvariantCulture, $"{_prefix}{number:x12}");

    /// <summary>How many were taken.</summary>
    public long Taken => Math.Min(most, Interlocked.Read(ref _taken));

    /// <summary>The same ids, from the first on.</summary>
    public JobIds Again() => new(most, _prefix);

    /// <summary>Writes the next id to every place.</summary>
    /// <returns>False if all are taken.</returns>
    public bool TryTake(byte[] template, ReadOnlySpan<int> places)
    {
        var number = Interlocked.Increment(ref _taken) - 1;
        if (number >= most)
            return false;
        Span<byte> id = stackalloc byte[Length];
        Encoding.ASCII.GetBytes(_prefix, id);
        Utf8Formatter.TryFormat(number, id[_prefix.Length..], out _, new('x', 12));
        foreach (var place in places)
            id.CopyTo(template.AsSpan(place));
        return true;
    }
}
