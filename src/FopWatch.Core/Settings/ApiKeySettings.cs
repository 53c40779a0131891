namespace FopWatch.Settings;

/// <summary>Reads <c>FopWatch:ApiKey</c> and <c>FopWatch:ApiKeys</c>.</summary>
public static class ApiKeySettings
{
    private const string Section = "ApiKeys";

    private static readonly string Advice = $"a key of at least {ApiKeys.MinKeyLength} characters";

    /// <summary>
    /// Reads a key. A key that is null or an empty list in the file is a problem: a template may have left it unfilled.
    /// </summary>
    /// <param name="reader">The settings.</param>
    /// <param name="name">The name of the setting.</param>
    /// <returns>The key as written, valid or not; null if the setting is absent.</returns>
    public static string? ReadKey(SettingsReader reader, string name)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var key = reader.Verbatim(name);
        if (key is not null && string.IsNullOrWhiteSpace(key))
            reader.Problem(name, $"is empty: give {Advice}, or leave the setting out");
        else if (key is { Length: < ApiKeys.MinKeyLength })
            reader.Problem(name, $"is shorter than {ApiKeys.MinKeyLength} characters");
        else if (key is not null && (key.Any(c => c is < ' ' or > '~') || key != key.Trim()))
            reader.Problem(name, "has whitespace around it or characters outside printable ASCII, which HTTP headers cannot carry");
        return key;
    }

    /// <summary>Reads the named keys.</summary>
    /// <param name="reader">The settings.</param>
    /// <param name="sources">The names of all sources in the settings, including sources that have problems.</param>
    internal static ApiKeys Read(SettingsReader reader, IReadOnlyCollection<string> sources)
    {
        var (keys, names) = (new List<(string Key, KeyGrant Grant)>(), new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var name in reader.IsMap(Section) ? reader.Children(Section) : [])
        {
            if (reader.Below($"{Section}:{name}") is not { } below || ReadOne(below, name, sources) is not { } read)
                continue;
            if (names.TryAdd(read.Key, name))
                keys.Add(read);
            else
                below.Problem("Key", $"is the same as {FopWatchSettings.Section}:{Section}:{names[read.Key]}:Key");
        }

        return new(keys);
    }

    private static (string Key, KeyGrant Grant)? ReadOne(SettingsReader reader, string name, IReadOnlyCollection<string> sources)
    {
        if (!FopWatchSettings.IsName(name, 1, 64))
            reader.Problem("", "is not a valid name: a key's name is 1 to 64 of A-Z a-z 0-9 _ -");

        var key = ReadKey(reader, "Key");
        if (key is null)
            reader.Problem("Key", $"is missing: give {Advice}, for example the output of 'openssl rand -hex 16'");
        var rights = reader.Choice<KeyRights>("Rights", null);
        var allowed = reader.Texts("Sources", "give the name of at least one source, or leave the setting out for all sources");
        foreach (var (at, source) in allowed)
        {
            if (!sources.Contains(source, StringComparer.Ordinal))
                reader.Problem(at, "is not the name of a configured source");
        }

        return string.IsNullOrWhiteSpace(key) || rights is null ? null
            : (key, new(name, rights.Value, allowed.Count == 0 ? null : [.. allowed.Select(one => one.Text).Distinct(StringComparer.Ordinal)]));
    }
}
