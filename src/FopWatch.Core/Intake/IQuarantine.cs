using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Intake;

/// <summary>A notification that could not be understood or verified, kept whole.</summary>
public sealed record QuarantinedNotification
{
    /// <summary>Identifies it: the time of arrival and a hash, so that keys are in the order of arrival.</summary>
    public required string Key { get; init; }

    /// <summary>The correlation in the URL's path; null if there is none.</summary>
    public string? Correlation { get; init; }

    /// <summary>The source whose notify URL it came to.</summary>
    public required string Source { get; init; }

    /// <summary>Why it is here, in words for the operator.</summary>
    public required string Reason { get; init; }

    /// <summary>When it arrived.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>
    /// The URL as the provider called it. It holds the notify token, because signatures cover it: it is never shown or logged.
    /// </summary>
    public required Uri Url { get; init; }

    /// <summary>
    /// What is needed to verify it again, <c>Authorization</c>, <c>Content-Type</c> and <see cref="SignedRequest.SignedHeaders"/>, and to find out why that fails,
    /// <see cref="SignedRequest.CallHeaderNames"/>. A signature is no secret. What an earlier version kept has none of the latter.
    /// </summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    /// <summary>The body, byte for byte. It is the one place where a command's secrets are not redacted.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The value of a kept header; null if it did not come.</summary>
    public string? Header(string name) => Headers
        .Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
        .Select(header => header.Value)
        .FirstOrDefault();

    /// <summary>The notification as it arrived.</summary>
    internal SignedRequest ToRequest() => new()
    {
        Url = Url,
        Authorization = Header("Authorization"),
        ContentType = Header("Content-Type"),
        SignedHeaders = [.. Headers.Where(header => ProviderKinds.SignsHeader(header.Key))],
        CallHeaders = [.. Headers.Where(header => SignedRequest.CallHeaderNames.Contains(header.Key, StringComparer.OrdinalIgnoreCase))],
        Body = Body,
    };

    /// <summary>The correlation as it is shown: without the notify token, which may be repeated in it.</summary>
    public string? ShownCorrelation => Correlation is { } text ? NotifyUrl.WithoutToken(text, Url) : null;

    /// <summary>
    /// The headers as they are shown: those of one name together, and without the notify token, which a proxy may repeat in a header.
    /// </summary>
    public IReadOnlyDictionary<string, string> ShownHeaders() => Headers
        .GroupBy(header => header.Key, StringComparer.OrdinalIgnoreCase)
        .ToDictionary(same => same.Key, same => NotifyUrl.WithoutToken(string.Join(", ", same.Select(header => header.Value)), Url));
}

/// <summary>How much is in quarantine.</summary>
/// <param name="Notifications">How many notifications.</param>
/// <param name="Bytes">How many bytes their bodies have together.</param>
public readonly record struct QuarantineSize(long Notifications, long Bytes);

/// <summary>Keeps what could not be understood or verified.</summary>
public interface IQuarantine
{
    /// <summary>Keeps one. When it returns it is durable. One whose key is there already is the same one.</summary>
    ValueTask AddAsync(QuarantinedNotification notification, CancellationToken cancellationToken);

    /// <summary>Reads one; null if there is none.</summary>
    /// <exception cref="UnreadableNotificationException">It is there and cannot be read.</exception>
    ValueTask<QuarantinedNotification?> FindAsync(string key, CancellationToken cancellationToken);

    /// <summary>The name of the source that one came to; null if there is none. It is known also of one that cannot be read.</summary>
    /// <remarks>A store that can tell it without reading the whole row should.</remarks>
    async ValueTask<string?> SourceOfAsync(string key, CancellationToken cancellationToken) => (await FindAsync(key, cancellationToken))?.Source;

    /// <summary>Lists them, the newest first; a page ends at <see cref="PageLimit.Bytes"/>.</summary>
    /// <param name="sources">Only what came to these sources; null for all.</param>
    /// <param name="top">The most that are wanted, at least 1.</param>
    /// <param name="continuation">Where the page before ended.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="FormatException">The continuation is none that this store gave.</exception>
    ValueTask<Page<QuarantinedNotification>> ListAsync(IReadOnlyCollection<string>? sources, int top, string? continuation, CancellationToken cancellationToken);

    /// <summary>Takes one out. One that is gone already is no error.</summary>
    ValueTask RemoveAsync(string key, CancellationToken cancellationToken);

    /// <summary>How many there are.</summary>
    ValueTask<long> CountAsync(CancellationToken cancellationToken);

    /// <summary>How much of a source there is.</summary>
    /// <remarks>A store that can count without reading the bodies should.</remarks>
    async ValueTask<QuarantineSize> SizeAsync(string source, CancellationToken cancellationToken)
    {
        var (size, continuation) = (new QuarantineSize(0, 0), (string?)null);
        do
        {
            var page = await ListAsync([source], 100, continuation, cancellationToken);
            size = new(size.Notifications + page.Elements.Count, size.Bytes + page.Elements.Sum(kept => (long)kept.Body.Length));
            continuation = page.Continuation;
        }
        while (continuation is not null);
        return size;
    }
}
