using System.Globalization;

namespace FopWatch.Settings;

/// <summary>
/// Reads typed values from flat settings and collects what is wrong, unknown names included. Names compare without case, and of several
/// values for one name the last is taken.
/// </summary>
internal sealed class SettingsReader
{
    private readonly string _path;
    private readonly Dictionary<string, string?> _settings;
    private readonly List<string> _written;
    private readonly HashSet<string> _known;
    private readonly List<string> _problems;

    public SettingsReader(string section, IEnumerable<KeyValuePair<string, string?>> settings)
    {
        _path = section;
        _known = new(StringComparer.OrdinalIgnoreCase);
        _problems = [];
        _settings = new(StringComparer.OrdinalIgnoreCase);
        _written = [];
        foreach (var (name, value) in settings)
        {
            _settings[$"{section}:{name}"] = value;
            _written.Add($"{section}:{name}");
        }
    }

    private SettingsReader(SettingsReader above, string path)
    {
        _path = path;
        (_settings, _written, _known, _problems) = (above._settings, above._written, above._known, above._problems);
    }

    public SettingsReader Below(string name)
    {
        // An empty object in JSON is a setting without a value.
        Know(name);
        return new(this, $"{_path}:{name}");
    }

    public void Know(string name) => _known.Add(Full(name));

    public void Problem(string name, string problem) => _problems.Add($"{Full(name)} {problem}");

    public bool Has(string name) => !string.IsNullOrWhiteSpace(_settings.GetValueOrDefault(Full(name)));

    public string? Text(string name)
    {
        Know(name);
        return Has(name) ? _settings[Full(name)]!.Trim() : null;
    }

    /// <summary>
    /// The names one level below, in the case they were written in. One that was written in two ways is a problem: whoever names things
    /// by them would have one or the other, depending on what was read last.
    /// </summary>
    public IReadOnlyList<string> Children(string name)
    {
        Know(name);
        var prefix = Full(name) + ":";
        var children = _written
            .Where(key => key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            .Select(key => key[prefix.Length..].Split(':')[0])
            .Distinct(StringComparer.Ordinal)
            .GroupBy(child => child, StringComparer.OrdinalIgnoreCase)
            .OrderBy(spellings => spellings.Key, StringComparer.Ordinal)
            .ToList();
        foreach (var spellings in children.Where(spellings => spellings.Count() > 1))
        {
            Problem(
                $"{name}:{spellings.Key}",
                $"is also written {string.Join(" and ", spellings.Skip(1).Select(other => $"'{other}'"))}: "
                + "case matters in this name, so write it alike wherever it is set, in the settings file and in the environment");
        }

        return [.. children.Select(spellings => spellings.Key)];
    }

    public IReadOnlyList<string> List(string name) =>
        [.. Children(name)
            .OrderBy(index => int.TryParse(index, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue)
            .Select(index => Text($"{name}:{index}"))
            .OfType<string>()];

    public Uri? Url(string name, Uri? missing, string example)
    {
        if (Text(name) is not { } text)
            return missing;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url)
            && url.Scheme is "http" or "https"
            && url.Query.Length == 0
            && url.Fragment.Length == 0
            && url.UserInfo.Length == 0)
        {
            return url;
        }

        Problem(name, $"is not an http or https URL without user, query and fragment, such as {example}");
        return null;
    }

    public TimeSpan Time(string name, TimeSpan missing, TimeSpan least, TimeSpan most)
    {
        if (Text(name) is not { } text)
            return missing;

        if (WrittenTime.TryParse(text, out var time) && time >= least && time <= most)
            return time;

        Problem(name, $"is '{text}', not a time from {least:c} to {most:c}, such as 00:02:00 or 9.00:00:00");
        return missing;
    }

    public double Number(string name, double missing, double least, double most, string what)
    {
        if (Text(name) is not { } text)
            return missing;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;

        Problem(name, string.Create(CultureInfo.InvariantCulture, $"is '{text}', not {what} from {least} to {most}"));
        return missing;
    }

    public T? Choice<T>(string name, T? missing)
        where T : struct, Enum
    {
        var text = Text(name);
        var names = Enum.GetNames<T>();
        if (text is null && missing is not null)
            return missing;
        if (text is not null && names.Contains(text, StringComparer.OrdinalIgnoreCase))
            return Enum.Parse<T>(text, ignoreCase: true);

        Problem(name, (text is null ? "is missing" : $"is '{text}'") + $": it has to be one of {string.Join(", ", names)}");
        return null;
    }

    /// <exception cref="SettingsException">Something was wrong, or is not known at all.</exception>
    public void ThrowIfWrong()
    {
        foreach (var (name, value) in _settings)
        {
            if (value is not null && !_known.Contains(name))
                _problems.Add($"{name} is not a setting of FopWatch; the README lists them all");
        }

        if (_problems.Count > 0)
            throw new SettingsException(_problems);
    }

    private string Full(string name) => name.Length == 0 ? _path : $"{_path}:{name}";
}
