using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Wording;

namespace FopWatch.Settings;

/// <summary>A setting that is valid but probably wrong.</summary>
/// <param name="What">The problem, without a full stop. It begins with the name of the setting, if one setting is the cause.</param>
/// <param name="Fix">What to do, without a full stop.</param>
internal sealed record DoubtfulSetting(Sentence What, Sentence Fix)
{
    private const string Section = FopWatchSettings.Section;

    // A shorter token can be guessed by a patient attacker.
    private const int GoodToken = 16;

    private const double FewPolls = 0.1;
    private const double ManyPolls = 50;

    private static readonly TimeSpan LateFirst = TimeSpan.FromHours(1);

    // Qiniu forgets ids after this time (providers.md, section 1).
    private static readonly TimeSpan KeptByQiniu = TimeSpan.FromDays(10);

    /// <summary>The source; null if the problem concerns all of them.</summary>
    public string? Source { get; init; }

    /// <summary>Why it matters; null if that is obvious.</summary>
    public Sentence? Why { get; init; }

    /// <summary>Whether FopWatch still finds every outcome, and nobody else can forge one.</summary>
    public bool IsHarmless { get; init; }

    /// <summary>The settings that cannot work with a real account. The hosts log them at startup. Empty if no source is configured.</summary>
    public static IEnumerable<DoubtfulSetting> Warnings(FopWatchSettings settings, Uri? listening)
    {
        if (settings.Sources.All.Count == 0)
            yield break;

        if ((settings.PublicUrl ?? listening) is { } notify && Reachability.IsThisMachine(notify))
        {
            yield return new(
                $"No provider can reach the notify URLs: they begin with {Shown(notify).TrimEnd('/')}, which is this machine's own address",
                $"Set {Section}:PublicUrl to the URL under which providers reach this host");
        }

        if (settings.PublicUrl is { } publicUrl && Reachability.IsExample(publicUrl))
        {
            yield return new(
                $"{Section}:PublicUrl is the documentation's example, {Shown(publicUrl)}",
                $"Set it to the URL under which providers reach this host");
        }

        if (settings.PublicUrl is { } written && PathBefore(written) is { } before)
        {
            yield return new(
                $"{Section}:PublicUrl has the path of a notify URL, or an empty segment. FopWatch appends /api/notify/SOURCE/TOKEN itself",
                $"Set it to {written.GetLeftPart(UriPartial.Authority)}{before}");
        }

        foreach (var source in settings.Sources.All.Where(source => Reachability.IsExample(source.StatusEndpoint)))
        {
            yield return new(
                $"{Section}:Sources:{source.Name}:StatusEndpoint is the documentation's example, {source.StatusEndpoint}",
                $"Set it to the base URL of the account's status API")
            { Source = source.Name };
        }

        foreach (var source in settings.Sources.All.Where(source => source.Keys.IsEmpty && source.Trust == TrustRule.Signature && !source.Scope.HasBuckets))
        {
            yield return new(
                $"{Section}:Sources:{source.Name} has no Keys and no Buckets, so anyone who has its notify URL can make FopWatch publish outcomes of other accounts' jobs",
                $"Set {Section}:Sources:{source.Name}:Buckets to the buckets whose files are processed")
            { Source = source.Name };
        }
    }

    /// <summary>All doubtful settings: <see cref="Warnings"/> and those that only <c>fopwatch doctor</c> reports.</summary>
    public static IEnumerable<DoubtfulSetting> All(FopWatchSettings settings, Uri? listening)
    {
        if (settings.Sources.All.Count == 0)
        {
            return
            [
                new($"No source is configured", $"Add one to {Section}:Sources") { Why = $"Without a source there is no notify URL, and no job can be registered." },
            ];
        }

        var shared = settings.Sources.All.SelectMany(
            (one, i) => settings.Sources.All.Skip(i + 1).Where(other => one.Tokens.Share(other.Tokens)).Select(other => (one.Name, Other: other.Name)));
        return
        [
            .. Warnings(settings, listening),
            .. settings.PublicUrl is { } url ? OfPublicUrl(settings, url) : listening is null ? [NoPublicUrl] : [],
            .. shared.Select(pair => new DoubtfulSetting(
                $"{Section}:Sources:{pair.Name}:NotifyTokens and {Section}:Sources:{pair.Other}:NotifyTokens have a token in common",
                $"Give each source tokens of its own")
            {
                Source = pair.Name,
                IsHarmless = true,
                Why = $"Anyone who has the notify URL of one source knows that of the other.",
            }),
            .. settings.Sources.All.SelectMany(source => OfSource(settings, source)),
        ];
    }

    private static DoubtfulSetting NoPublicUrl => new(
        $"{Section}:PublicUrl is not set, so signatures are verified against the URL of each request",
        $"Set {Section}:PublicUrl to the URL under which providers reach this host")
    {
        IsHarmless = true,
        Why = $"A proxy that rewrites the Host header invalidates every signature.",
    };

    /// <summary>A URL without the path of a notify URL, in which a token is.</summary>
    private static string Shown(Uri url) => url.GetLeftPart(UriPartial.Authority) + (PathBefore(url) ?? url.AbsolutePath);

    /// <summary>What precedes a notify URL's own path, or an empty segment, in a path that has one; null if it has none.</summary>
    private static string? PathBefore(Uri url)
    {
        var path = url.AbsolutePath.TrimEnd('/');
        int[] ends = [path.IndexOf("//", StringComparison.Ordinal), At("/api/notify"), At("/api/uploads")];
        var end = ends.Where(at => at >= 0).DefaultIfEmpty(url.AbsolutePath.EndsWith("//", StringComparison.Ordinal) ? path.Length : -1).Min();
        return end < 0 ? null : path[..end];

        int At(string route) => $"{path}/".IndexOf($"{route}/", StringComparison.OrdinalIgnoreCase);
    }

    private static IEnumerable<DoubtfulSetting> OfPublicUrl(FopWatchSettings settings, Uri url)
    {
        if (!settings.IsPublic || Reachability.IsExample(url))
            yield break;
        if (url.Scheme != Uri.UriSchemeHttps)
        {
            yield return new($"{Section}:PublicUrl begins with http", $"Serve it over TLS, and change {Section}:PublicUrl to https")
            {
                Why = $"Notify tokens and reports cross the internet unencrypted, and anyone who reads a token can send notifications.",
            };
        }

        if (url.HostNameType == UriHostNameType.Dns && settings.PublicOrigin!.Split('/')[2] is var authority && authority.Any(c => char.IsAsciiLetterUpper(c) || !char.IsAscii(c)))
        {
            yield return new(
                authority.All(char.IsAscii) ? (Sentence)$"{Section}:PublicUrl has a host with upper-case letters" : (Sentence)$"{Section}:PublicUrl has a host with letters beyond ASCII",
                $"Write it as {url.Scheme}://{url.IdnHost.ToLowerInvariant()}{(url.IsDefaultPort ? "" : $":{url.Port}")}{(PathBefore(url) ?? url.AbsolutePath).TrimEnd('/')}")
            {
                IsHarmless = true,
                Why = $"A provider may sign the host as it is written or as its HTTP client normalises it. FopWatch tries both.",
            };
        }

        if (!url.IsDefaultPort)
        {
            yield return new($"{Section}:PublicUrl has the port {url.Port}", $"Use the default port of the scheme")
            {
                IsHarmless = true,
                Why = $"The providers' SDKs disagree about whether a signature covers the port. FopWatch tries both.",
            };
        }
    }

    private static IEnumerable<DoubtfulSetting> OfSource(FopWatchSettings settings, Source source)
    {
        var (setting, poll) = ($"{Section}:Sources:{source.Name}", source.Poll);
        if (source.Trust == TrustRule.Token && settings.IsPublic)
        {
            yield return Of($"{setting}:Trust is Token", $"Set {setting}:Keys to the account's keys, and {setting}:Trust to Signature") with
            {
                Why = $"Anyone who learns the notify URL can settle jobs with any outcome. Every proxy in front of FopWatch may log that URL.",
            };
        }
        else if (source.Keys.IsEmpty && source.Trust == TrustRule.Signature)
        {
            yield return Of($"{setting} has no Keys, so no signature can be verified", $"Set {setting}:Keys to the account's keys") with
            {
                IsHarmless = true,
                Why = $"No notification can settle a job, so each notification costs a poll.",
            };
        }

        if (source.Tokens.Shortest < GoodToken)
        {
            yield return Of(
                $"{setting}:NotifyTokens has a token of {source.Tokens.Shortest} characters",
                $"Use {GoodToken} or more random characters, such as the output of 'openssl rand -hex 16'") with
            {
                IsHarmless = source.Trust != TrustRule.Token,
                Why = $"A short token can be guessed.",
            };
        }

        if (source.StatusEndpoint.Scheme != Uri.UriSchemeHttps && !Reachability.IsThisMachine(source.StatusEndpoint) && !Reachability.IsExample(source.StatusEndpoint))
        {
            yield return Of($"{setting}:StatusEndpoint begins with http", $"Use https if the API has it") with
            {
                Why = $"Anyone on the network path to the API can read ids and commands, and can forge answers.",
            };
        }

        if (poll.PerSecond < FewPolls)
        {
            yield return Of($"{setting}:Poll:PerSecond allows one poll in {1 / poll.PerSecond:0} s", $"Raise {setting}:Poll:PerSecond") with
            {
                Why = $"When more jobs are due, polls wait and outcomes are late.",
            };
        }
        else if (poll.PerSecond > ManyPolls)
        {
            yield return Of($"{setting}:Poll:PerSecond allows {poll.PerSecond:0.#} polls a second", $"Lower {setting}:Poll:PerSecond, unless the provider has agreed to it") with
            {
                IsHarmless = true,
                Why = $"No provider publishes its limit. A provider that is polled too often asks clients to slow down, and then every poll waits.",
            };
        }

        if (poll.First > LateFirst)
        {
            yield return Of($"{setting}:Poll:First is {poll.First:c}", $"Lower {setting}:Poll:First") with
            {
                IsHarmless = true,
                Why = $"If a job's notification is lost, its outcome is found only at the first poll.",
            };
        }

        if (source.Provider.Kind == ProviderKind.Qiniu && poll.Deadline > KeptByQiniu)
        {
            yield return Of($"{setting}:Poll:Deadline is {poll.Deadline:c}", $"Set {setting}:Poll:Deadline to less than {KeptByQiniu.TotalDays:0} days") with
            {
                IsHarmless = true,
                Why = $"Qiniu keeps ids for {KeptByQiniu.TotalDays:0} days. Later polls are wasted.",
            };
        }

        DoubtfulSetting Of(Sentence what, Sentence fix) => new(what, fix) { Source = source.Name };
    }
}
