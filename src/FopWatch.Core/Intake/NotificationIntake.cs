using System.Globalization;
using System.Security.Cryptography;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Intake;

/// <summary>What became of a notification. All of these are answered alike: nobody outside learns which it was.</summary>
public enum NotificationResult
{
    /// <summary>It was trusted and merged into its job.</summary>
    Recorded,

    /// <summary>It was not trusted enough, and made the next poll of its job due now.</summary>
    Hinted,

    /// <summary>It could not be understood or verified, and is kept whole.</summary>
    Quarantined,
}

/// <summary>
/// Takes notifications. When a method returns, the notification's effect is durable; when it throws, the provider must not be
/// told that it was received.
/// </summary>
/// <param name="sources">The configured sources.</param>
/// <param name="recorder">Records.</param>
/// <param name="quarantine">Keeps what cannot be understood or verified.</param>
/// <param name="time">The clock.</param>
/// <param name="due">Tells how far the polls are behind; without it, untrusted notifications of unknown ids are not limited.</param>
public sealed class NotificationIntake(
    Sources sources, JobRecorder recorder, IQuarantine quarantine, TimeProvider time, IDueIndex? due = null)
{
    private readonly UnknownIdLimit? _unknownIds = due is null ? null : new(due, time);
    private readonly QuarantineLimit _quarantined = new(quarantine, time);

    /// <summary>The longest correlation, in characters; a longer one, or one with other characters than <c>A-Z a-z 0-9 _ -</c>, is ignored.</summary>
    public const int MaxCorrelationLength = 64;

    /// <summary>The source that a notify URL is right for; null if the source is unknown or the token wrong, which takes as long.</summary>
    public Source? Admit(string? sourceName, string? token)
    {
        var source = sources.Find(sourceName);
        return (source?.Tokens ?? NotifyTokens.Unmatchable).Match(token) ? source : null;
    }

    /// <summary>Counts a notification that came to a right URL and is too large to be read: nothing was stored of it.</summary>
    /// <param name="source">What <see cref="Admit"/> returned.</param>
    public static void TooLarge(Source source)
    {
        ArgumentNullException.ThrowIfNull(source);
        Telemetry.TurnedAway(source, "too large");
    }

    /// <summary>Takes a notification that came to a right URL.</summary>
    /// <param name="source">What <see cref="Admit"/> returned.</param>
    /// <param name="request">The notification.</param>
    /// <param name="correlation">What the URL's path ended in, if anything.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">Nothing was stored; the provider is to try again.</exception>
    /// <exception cref="IntakeFullException">Nothing was stored, for lack of room; the provider is to try again.</exception>
    public async Task<NotificationResult> ReceiveAsync(
        Source source,
        SignedRequest request,
        string? correlation,
        CancellationToken cancellationToken)
    {
        using var activity = Telemetry.Activities.StartActivity("notification");
        activity?.SetTag("fopwatch.source", source.Name);

        var assessed = Assess(source, request);
        NotificationResult result;
        try
        {
            result = assessed.Problem is null
                ? await RecordAsync(source, assessed, correlation, cancellationToken)
                : await QuarantineAsync(source, request, correlation, assessed.Problem, cancellationToken);
        }
        catch (Exception e) when (e is not (OperationCanceledException or IntakeFullException))
        {
            Telemetry.NotificationFailed(source);
            throw;
        }

        activity?.SetTag("fopwatch.trust", assessed.Trust.ToString());
        activity?.SetTag("fopwatch.result", result.ToString());
        Telemetry.Notified(source, assessed.Trust, result);
        return result;
    }

    /// <summary>Takes a quarantined notification again: verified with today's keys, decoded with today's decoders.</summary>
    /// <param name="key">The quarantined notification's key.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>What became of it; null if there is none of that key. It leaves the quarantine unless it is quarantined again.</returns>
    /// <exception cref="StoreUnavailableException">Nothing changed, or it was recorded and is still in quarantine; trying again is safe.</exception>
    /// <exception cref="IntakeFullException">Nothing changed, for lack of room.</exception>
    public async Task<RetriedNotification?> RetryAsync(string key, CancellationToken cancellationToken)
    {
        var kept = await quarantine.FindAsync(key, cancellationToken);
        if (kept is null)
            return null;
        if (sources.Find(kept.Source) is not { } source)
            return new(key, NotificationResult.Quarantined, $"The source '{kept.Source}' is not configured.");

        var request = new SignedRequest
        {
            Url = kept.Url,
            Authorization = kept.Header("Authorization"),
            ContentType = kept.Header("Content-Type"),
            SignedHeaders = [.. kept.Headers.Where(header => header.Key.StartsWith("X-Qiniu-", StringComparison.OrdinalIgnoreCase))],
            Body = kept.Body,
        };
        var assessed = Assess(source, request);
        if (assessed.Problem is not null)
            return new(key, NotificationResult.Quarantined, assessed.Problem);

        var result = await RecordAsync(source, assessed, kept.Correlation, cancellationToken);
        await quarantine.RemoveAsync(key, cancellationToken);
        return new(key, result, null);
    }

    private static Assessed Assess(Source source, SignedRequest request)
    {
        var trust = source.Provider.Verify(request, source.Keys);
        if (trust == Trust.Invalid)
            return new(trust, null, "The signature is wrong, or its access key is not among the source's keys.");

        var decoded = source.Provider.Decode(ReportChannel.Notification, request.Body);
        return new(trust, decoded.Report, decoded.Problem);
    }

    private async Task<NotificationResult> RecordAsync(
        Source source,
        Assessed assessed,
        string? correlation,
        CancellationToken cancellationToken)
    {
        var report = assessed.Report!;
        var id = report.Id!;
        if (assessed.Trust == Trust.Strong || source.Trust == TrustRule.Token)
        {
            await recorder.ReportAsync(source, id, report, ValidCorrelation(correlation), cancellationToken);
            return NotificationResult.Recorded;
        }

        var hinted = await recorder.HintAsync(
            source,
            id,
            cancelled => _unknownIds is null ? new(true) : _unknownIds.AdmitsAsync(source, cancelled),
            cancellationToken);
        return hinted is not null
            ? NotificationResult.Hinted
            : throw TurnedAway(source, "unknown id", "the polls of the source are behind, and an untrusted notification names an unknown id");
    }

    private async Task<NotificationResult> QuarantineAsync(
        Source source,
        SignedRequest request,
        string? correlation,
        string reason,
        CancellationToken cancellationToken)
    {
        if (!await _quarantined.AdmitsAsync(source.Name, request.Body.Length, cancellationToken))
            throw TurnedAway(source, "quarantine full", "the quarantine of the source is full");

        var headers = new List<KeyValuePair<string, string>>(request.SignedHeaders);
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
        return NotificationResult.Quarantined;
    }

    private static IntakeFullException TurnedAway(Source source, string reason, string words)
    {
        Telemetry.TurnedAway(source, reason);
        return new($"A notification to '{source.Name}' was turned away: {words}.");
    }

    private static string KeyOf(DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        // Two equal bodies may arrive in one instant with different headers, so chance has a part in the key.
        Span<byte> unique = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, unique);
        RandomNumberGenerator.Fill(unique[8..12]);
        return string.Create(CultureInfo.InvariantCulture, $"{now.UtcDateTime:yyyyMMdd'T'HHmmssfff}-{Convert.ToHexStringLower(unique[..12])}");
    }

    private static string? ValidCorrelation(string? correlation) =>
        correlation is { Length: > 0 and <= MaxCorrelationLength }
        && correlation.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? correlation
            : null;

    private readonly record struct Assessed(Trust Trust, JobReport? Report, string? Problem);
}

/// <summary>What became of a quarantined notification that was taken again.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Result">What became of it.</param>
/// <param name="Reason">Why it is still in quarantine; null if it is not.</param>
public sealed record RetriedNotification(string Key, NotificationResult Result, string? Reason);
