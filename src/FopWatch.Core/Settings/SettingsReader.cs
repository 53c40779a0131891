using System.Globalization;

namespace FopWatch.Settings;

/// <summary>
/// Reads typed values from flat settings and collects problems, including unknown names. Names are case-insensitive, and the last of several
/// values for one name wins. A host reads its own settings with it: <see cref="FopWatchSettings.Read{T}"/>.
/// </summary>
public sealed class SettingsReader
{
    private readonly string _path;
    private readonly Dictionary<string, string?> _settings;
    private readonly List<string> _written;
    private readonly HashSet<string> _known;
    private readonly HashSet<string> _lists;
    private readonly HashSet<string> _explained;
    private readonly HashSet<string> _references;
    private readonly List<string> _problems;

    /// <param name="section">The section above the settings.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="lists">The names known to be written as lists. Elsewhere a list looks like a map from numbers, as in the environment.</param>
    internal SettingsReader(string section, IEnumerable<KeyValuePair<string, string?>> settings, IEnumerable<string> lists)
    {
        _path = section;
        _known = new(StringComparer.OrdinalIgnoreCase);
        _lists = new(lists.Select(name => $"{section}:{name}"), StringComparer.OrdinalIgnoreCase);
        _explained = new(StringComparer.OrdinalIgnoreCase);
        _references = new(StringComparer.OrdinalIgnoreCase);
        _problems = [];
        _settings = new(StringComparer.OrdinalIgnoreCase);
        _written = [];
        foreach (var (name, value) in settings)
        {
            _settings[$"{section}:{name}"] = value;
            _written.Add($"{section}:{name}");
        }

        RefuseReferences(_settings);
        FindPlaceholders();
    }

    private SettingsReader(SettingsReader above, string path)
    {
        _path = path;
        (_settings, _written, _known, _lists, _explained, _references, _problems) =
            (above._settings, above._written, above._known, above._lists, above._explained, above._references, above._problems);
    }

    /// <summary>A reader of the map at a name. If the value is not a map, adds a problem and returns null.</summary>
    public SettingsReader? Below(string name)
    {
        // An empty JSON object arrives as a setting without a value.
        _known.Add(Full(name));
        return IsMap(name) ? new(this, $"{_path}:{name}") : null;
    }

    /// <summary>Adds a problem, unless the setting already has one that explains it.</summary>
    /// <param name="name">The name of the setting; empty for the map itself.</param>
    /// <param name="problem">The problem, as the rest of a sentence that begins with the name.</param>
    public void Problem(string name, string problem)
    {
        if (!_explained.Contains(Full(name)) && $"{Full(name)} {problem}" is var whole && !_problems.Contains(whole))
            _problems.Add(whole);
    }

    /// <summary>Adds problems of settings outside the section.</summary>
    /// <param name="problems">One sentence each, beginning with the full name of the setting.</param>
    public void ProblemOutside(params IEnumerable<string> problems) => _problems.AddRange(problems);

    /// <summary>Refuses unresolved references to secrets in settings outside the section, as the reader does within it.</summary>
    /// <param name="settings">Full name → value.</param>
    public void RefuseReferences(IEnumerable<KeyValuePair<string, string?>> settings) =>
        _references.UnionWith(settings.Where(setting => SecretReference.IsUnresolved(setting.Value)).Select(setting => setting.Key));

    /// <summary>Whether a setting has a value that is not blank.</summary>
    public bool Has(string name) => !string.IsNullOrWhiteSpace(_settings.GetValueOrDefault(Full(name)));

    /// <summary>Whether there are settings below a name.</summary>
    public bool HasBelow(string name) => IsAboveOthers(Full(name));

    /// <summary>A text without surrounding whitespace; null if it is absent or blank.</summary>
    public string? Text(string name)
    {
        _known.Add(Full(name));
        if (HasBelow(name))
            Explain(name, $"is a {(_lists.Contains(Full(name)) ? "list" : "map")}: it takes a single value");
        return Has(name) ? _settings[Full(name)]!.Trim() : null;
    }

    /// <summary>A text as written, with surrounding whitespace: empty if the setting has no value, null if the setting is absent.</summary>
    public string? Verbatim(string name)
    {
        Text(name);
        return _settings.TryGetValue(Full(name), out var text) ? text ?? "" : null;
    }

    /// <summary>A text that must not be present but empty, such as an environment variable that a deployment should have filled.</summary>
    public string? Secret(string name)
    {
        if (Text(name) is { } text)
            return text;
        if (_settings.GetValueOrDefault(Full(name)) is not null)
            Explain(name, "is empty");
        return null;
    }

    /// <summary>Whether a name is absent or has a map. Adds a problem if it has anything else.</summary>
    public bool IsMap(string name)
    {
        if (_lists.Contains(Full(name)))
            Explain(name, "is a list: it takes a map from names to values");
        else if (_settings.GetValueOrDefault(Full(name)) is not null)
            Explain(name, "is a single value: it takes a map from names to values");
        return !_explained.Contains(Full(name));
    }

    /// <summary>
    /// The names one level below, in the case in which they were written. A name in two spellings is a problem: which of them the setting
    /// would get depends on what was read last.
    /// </summary>
    public IReadOnlyList<string> Children(string name)
    {
        _known.Add(Full(name));
        if (Has(name))
            Explain(name, "is a single value: it takes a map from names to values");
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
                + "this name is case-sensitive, so write it the same way in the settings file and in the environment");
        }

        return [.. children.Select(spellings => spellings.Key)];
    }

    /// <summary>
    /// The texts of a list, in order. An empty text is a problem. Problems quote no text, because it may be a secret. A list that is present but empty or
    /// null is a problem too: a template may have left it unfilled, and an absent list may mean "all".
    /// </summary>
    /// <param name="name">The name of the list.</param>
    /// <param name="ifEmpty">What the problem of an empty list advises.</param>
    public IReadOnlyList<(string Name, string Text)> Texts(string name, string ifEmpty)
    {
        if (Has(name) || (HasBelow(name) && _settings.GetValueOrDefault(Full(name)) is not null))
            Explain(name, "is a single value: it takes a list");
        else if (!HasBelow(name) && _settings.ContainsKey(Full(name)))
            Explain(name, $"is empty: {ifEmpty}");
        var children = Children(name);
        if (!children.All(IsIndex))
            Explain(name, "is a map: it takes a list");
        var texts = new List<(string Name, string Text)>();
        foreach (var index in children.Where(IsIndex).OrderBy(index => int.Parse(index, CultureInfo.InvariantCulture)))
        {
            if (Text($"{name}:{index}") is { } text)
                texts.Add(($"{name}:{index}", text));
            else
                Explain($"{name}:{index}", "is empty");
        }

        return texts;
    }

    /// <summary>Whether a name is the index of a list element.</summary>
    public static bool IsIndex(string name) => name.Length < 6 && name.Length > 0 && name.All(char.IsAsciiDigit);

    /// <summary>An http or https URL without user, query and fragment.</summary>
    /// <param name="name">The name of the setting.</param>
    /// <param name="missing">The value if the setting is absent.</param>
    /// <param name="example">A valid URL, for the problem.</param>
    public Uri? Url(string name, Uri? missing, string example)
    {
        if (Text(name) is not { } text)
            return missing;
        if (text.StartsWith("http", StringComparison.OrdinalIgnoreCase) && ExcessOf(text) is { } excess)
            Problem(name, $"has {excess}: give an http or https URL without it, such as {example}");
        else if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
            Problem(name, $"is not an http or https URL without user, query and fragment, such as {example}");
        else
            return url;
        return null;
    }

    /// <summary>
    /// The part of a URL to which no path can be appended, or which programs read differently; null if there is none. It is searched in the text,
    /// because a <see cref="Uri"/> drops an empty user, query or fragment, and whitespace.
    /// </summary>
    private static string? ExcessOf(string text)
    {
        if (text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.Format))
            return "whitespace or an invisible character";
        if (text.Contains('\\', StringComparison.Ordinal))
            return "a backslash";
        var (fragment, query) = (text.IndexOf('#', StringComparison.Ordinal), text.IndexOf('?', StringComparison.Ordinal));
        if (query >= 0 && (fragment < 0 || query < fragment))
            return "a query (what begins with '?')";
        if (fragment >= 0)
            return "a fragment (what begins with '#')";
        return text.Split('/') is [_, _, var authority, ..] && authority.Contains('@', StringComparison.Ordinal) ? "a user (what is before '@')" : null;
    }

    /// <summary>A time within a range; <paramref name="missing"/> if it is absent or wrong.</summary>
    public TimeSpan Time(string name, TimeSpan missing, TimeSpan least, TimeSpan most)
    {
        if (Text(name) is not { } text)
            return missing;

        if (WrittenTime.TryParse(text, least, most, out var time))
            return time;

        Problem(name, $"is '{text}', not {WrittenTime.Expected(least, most)}");
        return missing;
    }

    /// <summary>A number within a range; <paramref name="missing"/> if it is absent or wrong.</summary>
    public double Number(string name, double missing, double least, double most, bool whole = false)
    {
        if (Text(name) is not { } text)
            return missing;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && number >= least
            && number <= most
            && (!whole || double.IsInteger(number))
            && !text.Contains('\0', StringComparison.Ordinal)) // which the parser ignores at the end
        {
            return number;
        }

        var what = whole ? "a whole number" : "a number";
        Problem(name, string.Create(CultureInfo.InvariantCulture, $"is '{text}', not {what} from {least} to {most}"));
        return missing;
    }

    /// <summary>A case-insensitive name of an enumeration; <paramref name="missing"/> if it is absent, null if it is wrong or required and absent.</summary>
    public T? Choice<T>(string name, T? missing)
        where T : struct, Enum
    {
        var text = Text(name);
        var names = Enum.GetNames<T>();
        if (text is null && missing is not null)
            return missing;
        if (text is not null && names.Contains(text, StringComparer.OrdinalIgnoreCase))
            return Enum.Parse<T>(text, ignoreCase: true);

        var empty = _settings.GetValueOrDefault(Full(name)) is not null;
        Problem(name, (text is not null ? $"is '{text}'" : empty ? "is empty" : "is missing") + $": it has to be one of {string.Join(", ", names)}");
        return null;
    }

    /// <exception cref="SettingsException">A setting is wrong or unknown.</exception>
    internal void ThrowIfWrong()
    {
        foreach (var (name, value) in _settings)
        {
            // A setting above others has no value of its own. Without a value and without others below it, it is an empty map or list, or null.
            if (!_known.Contains(name) && !IsExplained(name) && (value is not null || !IsAboveOthers(name)))
                _problems.Add($"{name} is not a setting of FopWatch; docs/settings.md lists them all{Meant(name)}");
        }

        foreach (var name in _references)
        {
            // Other problems concern the text of the reference, not the secret.
            _problems.RemoveAll(problem => problem.StartsWith($"{name} ", StringComparison.OrdinalIgnoreCase));
            _problems.Add(SecretReference.ProblemOf(name));
        }

        if (_problems.Count > 0)
            throw new SettingsException(_problems);
    }

    // Corrects the first unknown part of a name.
    private string Meant(string name)
    {
        for (var end = name.IndexOf(':', StringComparison.Ordinal); end > 0; end = name.IndexOf(':', end + 1))
        {
            var (above, rest) = (name[..(end + 1)], name[(end + 1)..]);
            var children = _known
                .Where(known => known.StartsWith(above, StringComparison.OrdinalIgnoreCase))
                .Select(known => known[above.Length..].Split(':')[0])
                .ToHashSet(StringComparer.OrdinalIgnoreCase);
            var part = rest.Split(':')[0];
            if (!children.Contains(part))
                return NearestName.Find(part, children) is { } nearest ? $". Did you mean {above}{nearest}?" : "";
        }

        return "";
    }

    private bool IsAboveOthers(string fullName) => _written.Exists(key => key.StartsWith(fullName + ":", StringComparison.OrdinalIgnoreCase));

    private void Explain(string name, string problem)
    {
        Problem(name, problem);
        _explained.Add(Full(name));
    }

    // The documentation writes names, keys and tokens to replace in angle brackets.
    private void FindPlaceholders()
    {
        foreach (var (name, value) in _settings)
        {
            var segments = name.Split(':');
            if (Array.Exists(segments, IsPlaceholder))
                Explain(name[(_path.Length + 1)..], "has a placeholder in its name: replace the text in angle brackets with the real name");
            else if (value is not null && IsPlaceholder(value.Trim()))
                Explain(name[(_path.Length + 1)..], "is a placeholder in angle brackets: replace it with the real value");
        }
    }

    private static bool IsPlaceholder(string text) => text is ['<', .., '>'];

    private bool IsExplained(string name)
    {
        for (var end = name.Length; end > 0; end = name.LastIndexOf(':', end - 1))
        {
            if (_explained.Contains(name[..end]))
                return true;
        }

        return false;
    }

    private string Full(string name) => name.Length == 0 ? _path : $"{_path}:{name}";
}
