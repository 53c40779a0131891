using System.Net;
using FopWatch.Contracts;
using FopWatch.Settings;

namespace FopWatch.Webhooks;

/// <summary>Reads <c>FopWatch:Webhooks</c>.</summary>
public static class WebhookSettings
{
    /// <summary>The most webhooks. Each has a loop, a connection and up to a batch of events in memory.</summary>
    public const int Most = 64;

    private const string Section = "Webhooks";

    private static readonly string[] AllTypes = [JobEvent.ProgressedType, JobEvent.OverdueType, JobEvent.SettledType];

    private static readonly string Advice =
        $"'{WebhookSecret.Prefix}' and the Base64 of {WebhookSecret.LeastBytes} to {WebhookSecret.MostBytes} random bytes, for example "
        + $"{WebhookSecret.Prefix} before the output of 'openssl rand -base64 32'";

    /// <summary>Reads the webhooks.</summary>
    /// <param name="reader">The settings.</param>
    /// <param name="sources">The names of the sources.</param>
    public static IReadOnlyList<Webhook> Read(SettingsReader reader, IReadOnlyCollection<string> sources)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var webhooks = new List<Webhook>();
        var names = reader.IsMap(Section) ? reader.Children(Section) : [];
        if (names.Count > Most)
            reader.Problem(Section, $"has {names.Count} webhooks; at most {Most} are allowed");
        foreach (var name in names)
        {
            if (reader.Below($"{Section}:{name}") is not { } below || ReadOne(below, name, sources) is not { } webhook)
                continue;
            var same = webhooks.Find(other => other.Url != webhook.Url && other.Secrets.Intersect(webhook.Secrets).Any());
            if (same is not null)
                below.Problem("Secret", $"shares a secret with {FopWatchSettings.Section}:{Section}:{same.Name}: each receiver needs a secret of its own");
            webhooks.Add(webhook);
        }

        return webhooks;
    }

    private static Webhook? ReadOne(SettingsReader reader, string name, IReadOnlyCollection<string> sources)
    {
        if (!FopWatchSettings.IsName(name, 1, 64))
            reader.Problem("", "is not a valid name: a webhook's name is 1 to 64 of A-Z a-z 0-9 _ -");

        var allowPrivate = ReadAllowPrivate(reader);
        var url = ReadUrl(reader, allowPrivate);
        var secrets = ReadSecrets(reader);
        var types = ReadNames(reader, "Types", "an event type", AllTypes);
        var of = ReadNames(reader, "Sources", "a configured source", [.. sources]);
        var states = ReadNames(reader, "States", "a state", [.. WireNames.All<JobState>()]);
        return url is null || secrets.Count == 0 ? null : new()
        {
            Name = name,
            Url = url,
            Secrets = [.. secrets],
            Types = [.. types],
            Sources = [.. of],
            States = [.. states.Select(state => WireNames.TryParse<JobState>(state, out var value) ? value : default)],
            AllowPrivate = allowPrivate,
        };
    }

    private static bool ReadAllowPrivate(SettingsReader reader)
    {
        const string Name = "AllowPrivate";
        if (reader.Text(Name) is not { } text)
            return false;
        if (bool.TryParse(text, out var isAllowed))
            return isAllowed;
        reader.Problem(Name, $"is '{text}': it has to be true or false");

        // Prevents further problems about the URL.
        return true;
    }

    private static Uri? ReadUrl(SettingsReader reader, bool allowPrivate)
    {
        const string Name = "Url";
        const string Example = "https://app.example.com/fopwatch";
        if (reader.Secret(Name) is not { } text)
        {
            reader.Problem(Name, $"is missing: give the URL that events are posted to, such as {Example}");
            return null;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
        {
            reader.Problem(Name, $"is not an https URL, such as {Example}");
            return null;
        }

        if (url.UserInfo.Length > 0 || url.Authority.Contains('@', StringComparison.Ordinal) || text.Split('/', '?', '#') is [_, _, var authority, ..] && authority.Contains('@', StringComparison.Ordinal))
            reader.Problem(Name, "has a user: receivers authenticate requests by their signature");
        if (text.Contains('#', StringComparison.Ordinal))
            reader.Problem(Name, "has a fragment, which is never sent");
        if (!allowPrivate && url.Scheme != "https")
            reader.Problem(Name, "begins with http: use https, or set AllowPrivate to true if the receiver is within this machine or its network");
        if (!allowPrivate && IsPrivate(url))
            reader.Problem(Name, "is not a public address: set AllowPrivate to true if events may be sent within this machine or its network");
        return url;
    }

    private static bool IsPrivate(Uri url) =>
        Reachability.IsThisMachine(url) || (IPAddress.TryParse(url.DnsSafeHost, out var address) && !PublicAddress.Is(address));

    private static List<WebhookSecret> ReadSecrets(SettingsReader reader)
    {
        const string Name = "Secret";
        var secrets = new List<WebhookSecret>();
        if (reader.Secret(Name) is not { } text)
        {
            reader.Problem(Name, $"is missing: give {Advice}");
            return secrets;
        }

        foreach (var one in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            // Problems quote no secret: it may be valid except for one character.
            if (WebhookSecret.TryParse(one) is not { } secret)
                reader.Problem(Name, $"is not {Advice}; several are separated by a space");
            else if (secrets.Contains(secret))
                reader.Problem(Name, "has the same secret twice");
            else
                secrets.Add(secret);
        }

        return secrets;
    }

    private static List<string> ReadNames(SettingsReader reader, string setting, string what, string[] known)
    {
        var names = new List<string>();
        foreach (var (at, text) in reader.Texts(setting, $"give the name of {what}, or leave the setting out for all"))
        {
            if (!known.Contains(text, StringComparer.Ordinal))
                reader.Problem(at, $"is not {what}{(known.Length is > 0 and <= 8 ? $": one of {string.Join(", ", known)}" : "")}");
            else if (names.Contains(text))
                reader.Problem(at, "is listed twice");
            else
                names.Add(text);
        }

        return names;
    }
}
