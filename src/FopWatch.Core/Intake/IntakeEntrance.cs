using System.Globalization;
using System.Security.Cryptography;
using FopWatch.Providers;

namespace FopWatch.Intake;

/// <summary>Quarantines what cannot be understood or verified, and rejects what exceeds the limits.</summary>
internal sealed class IntakeEntrance(IQuarantine quarantine, IntakeLimits limits, FopWatchMetrics metrics, TimeProvider time)
{
    /// <param name="source">The source.</param>
    /// <param name="request">What came.</param>
    /// <param name="correlation">The correlation in its path.</param>
    /// <param name="reason">Why it is kept.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="isUpload">Whether it is an upload callback, which has less room.</param>
    /// <exception cref="IntakeFullException">There is no room.</exception>
    public async Task QuarantineAsync(
        Source source, SignedRequest request, string? correlation, string reason, CancellationToken cancellationToken, bool isUpload = false)
    {
        if (!await limits.Quarantined.AdmitsAsync(source.Name, request.Body.Length, isUpload, cancellationToken))
            throw TurnedAway(source, "quarantine full", isUpload ? "the quarantine of the source has no more room for upload callbacks" : "the quarantine of the source is full");

        List<KeyValuePair<string, string>> headers = [.. request.SignedHeaders, .. request.CallHeaders];
        if (request.Authorization is { } authorization)
            headers.Add(new("Authorization", authorization));
        if (request.ContentType is { } contentType)
            headers.Add(new("Content-Type", contentType));

        var now = time.GetUtcNow();
        await quarantine.AddAsync(
            new()
            {
                Key = KeyOf(now, request.Body.Span),
                Source = source.Name,
                Reason = reason,
                ReceivedAt = now,
                Url = request.Url,
                Correlation = correlation,
                Headers = headers,
                Body = request.Body,
            },
            cancellationToken);
    }

    /// <summary>Counts a rejected notification.</summary>
    /// <param name="source">The source that received it.</param>
    /// <param name="reason">The reason for the metric.</param>
    /// <param name="words">The reason for the log.</param>
    public IntakeFullException TurnedAway(Source source, string reason, string words)
    {
        metrics.TurnedAway(source, reason);
        return new($"A notification to '{source.Name}' was turned away: {words}.");
    }

    private static string KeyOf(DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        // Two equal bodies may arrive at the same instant with different headers, so the key has a random part.
        Span<byte> unique = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, unique);
        RandomNumberGenerator.Fill(unique[8..12]);
        return string.Create(CultureInfo.InvariantCulture, $"{now.UtcDateTime:yyyyMMdd'T'HHmmssfff}-{Convert.ToHexStringLower(unique[..12])}");
    }
}
