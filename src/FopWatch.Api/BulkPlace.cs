using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using FopWatch.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FopWatch.Api;

/// <summary>The position at which a call of a bulk request ended, as opaque text.</summary>
internal sealed record BulkPlace
{
    private static readonly string[] NotFilters = ["confirm", "continuation"];

    /// <summary>The hash of its request.</summary>
    public required string Of { get; init; }

    public int Count { get; init; }

    public bool AtLeast { get; init; }

    /// <summary>When the request was confirmed; null from an earlier version. Jobs and notifications that arrive later were not counted and are left alone.</summary>
    public DateTimeOffset? CountedAt { get; init; }

    public BulkProgress Progress { get; init; } = new();

    /// <summary>Finds the position at which a call continues, or starts once its count is confirmed.</summary>
    /// <param name="action">The action.</param>
    /// <param name="request">The request.</param>
    /// <param name="confirm">The count that the caller confirms.</param>
    /// <param name="continuation">The position at which the previous call ended.</param>
    /// <param name="time">The clock.</param>
    /// <param name="count">Counts the matches.</param>
    /// <returns>The position; or the answer, if there is nothing to do.</returns>
    public static async Task<(BulkPlace? Place, Results<Worded<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>? Answer)> BeginAsync(
        BulkWord action, HttpRequest request, string? confirm, string? continuation, TimeProvider time, Func<Task<JobCount>> count)
    {
        var of = HashOf(request);
        if (!string.IsNullOrEmpty(continuation))
            return Read(continuation, of) is { } read ? (read, null) : (null, WrongContinuation());

        var countedAt = time.GetUtcNow();
        var counted = await count();

        // An unknown count cannot be confirmed.
        if (counted is { AtLeast: true, Count: < BulkChanges.MostCounted })
            return (null, Problem.Invalid($"The jobs cannot be counted in time, because too many do not match the filters. Narrow the request, for example with 'since' and 'until'."));
        if (string.IsNullOrEmpty(confirm))
            return (null, new Worded<BulkAnswer>(BulkAnswer.ToConfirm(action, counted), AnswerLanguage.Of(request)));
        return BulkAnswer.IsConfirmed(confirm, counted)
            ? (new BulkPlace { Of = of, Count = counted.Count, AtLeast = counted.AtLeast, CountedAt = countedAt }, null)
            : (null, Problem.CountDiffers(counted));
    }

    /// <summary>The answer to an invalid continuation, or to one of another request.</summary>
    public static ProblemResult<InvalidRequest> WrongContinuation() => Problem.Invalid($"'continuation' was not issued by this API for this request.");

    /// <summary>The answer to a call that ends here.</summary>
    public BulkAnswer AnswerOf(BulkWord action) => new()
    {
        Action = action,
        Count = Count,
        AtLeast = AtLeast,
        Done = Progress.Done,
        Failed = Progress.Failed,
        Continuation = Progress.Continuation is null ? null : Write(),
    };

    /// <summary>The hash of a request's route and filters.</summary>
    private static string HashOf(HttpRequest request)
    {
        var filters = QueryParameters.PairsOf(request)
            .Where(pair => !NotFilters.Contains(pair.Key, StringComparer.Ordinal))
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key}={pair.Value}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{request.Path}\n{string.Join('\n', filters)}")).AsSpan(0, 8));
    }

    /// <summary>Reads the text that <see cref="Write"/> wrote; null if it is another text, or of another request.</summary>
    private static BulkPlace? Read(string text, string of)
    {
        if (!Base64Url.IsValid(text))
            return null;
        try
        {
            return JsonSerializer.Deserialize(Base64Url.DecodeFromChars(text), BulkPlaceJson.Default.BulkPlace) is { Progress.NextPolls: not null } place
                && place.Of == of
                && place.CountedAt != DateTimeOffset.MaxValue
                    ? place : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string Write() => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(this, BulkPlaceJson.Default.BulkPlace));
}

[JsonSerializable(typeof(BulkPlace))]
internal sealed partial class BulkPlaceJson : JsonSerializerContext;
