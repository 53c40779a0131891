namespace FopWatch.Providers;

/// <summary>
/// The member names of one JSON object after redaction, no two of them alike: <c>f?token=a</c> and <c>f?token=b</c> become
/// <c>f?token=***</c> and <c>f?token=***#2</c>. Names that are distinct already stay, so doing it twice changes nothing.
/// </summary>
internal sealed class DistinctNames
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    // By name, the last number that was given: many alike take linear time.
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
