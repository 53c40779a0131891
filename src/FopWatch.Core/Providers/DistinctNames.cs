namespace FopWatch.Providers;

/// <summary>
/// Keeps the member names of one JSON object distinct after redaction: <c>f?token=a</c> and <c>f?token=b</c> become <c>f?token=***</c> and
/// <c>f?token=***#2</c>. Distinct names stay unchanged, so a second pass changes nothing.
/// </summary>
internal sealed class DistinctNames
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    // The last number given to each name, so that many equal names take linear time.
    private Dictionary<string, int>? _last;

    public string Next(string name)
    {
        if (_taken.Add(name))
            return name;

        _last ??= new(StringComparer.Ordinal);
        for (var number = _last.GetValueOrDefault(name, 1) + 1; ; number++)
        {
            var distinct = $"{name}#{number}";
            if (!_taken.Add(distinct))
                continue;
            _last[name] = number;
            return distinct;
        }
    }
}
