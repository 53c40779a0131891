using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using FopWatch.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FopWatch.Api;

/// <summary>Where a call of a bulk request ended, as opaque text.</summary>
internal sealed record BulkPlace
{
    private static readonly string[] NotFilters = ["confirm", "continuation"];

    /// <summary>The hash of the request that it is of.</summary>
    public required string Of { get; init; }

    public int Count { get; init; }

    public bool AtLeast { get; init; }

    /// <summary>When the request was confirmed; null in what an earlier version wrote. What comes later was not counted, and is left alone.</summary>
    public DateTimeOffset? CountedAt { get; init; }

    public BulkProgress Progress { get; init; } = new();

    /// <summary>Finds where a call goes on, or begins once its count is confirmed.</summary>
    /// <param name="action">What the request does.</param>
    /// <param name="request">The request.</param>
    /// <param name="confirm">What the caller confirms.</param>
    /// <param name="continuation">Where a call before ended.</param>
    /// <param name="time">The clock.</param>
    /// <param name="count">Counts what the request is for.</param>
    /// <returns>The place; or, where nothing is to be done, the answer.</returns>
    public static async Task<(BulkPlace? Place, Results<Ok<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>? Answer)> BeginAsync(
        BulkWord action, HttpRequest request, string? confirm, string? continuation, TimeProvider time, Func<Task<JobCount>> count)
    {
        var of = HashOf(request);
        if (!string.IsNullOrEmpty(continuation))
            return Read(continuation, of) is { } read ? (read, null) : (null, WrongContinuation());

        var countedAt = time.GetUtcNow();
        var counted = await count();

        // Nobody can confirm what was not counted.
        if (counted is { AtLeast: true, Count: < BulkChanges.MostCounted })
            return (null, Problem.Invalid("The jobs cannot be counted in time: too many have to be looked at that do not pass the filters. Narrow the request, for example with 'since' and 'until'."));
        if (string.IsNullOrEmpty(confirm))
            return (null, TypedResults.Ok(BulkAnswer.ToConfirm(action, counted)));
        return BulkAnswer.IsConfirmed(confirm, counted)
            ? (new BulkPlace { Of = of, Count = counted.Count, AtLeast = counted.AtLeast, CountedAt = countedAt }, null)
            : (null, Problem.CountDiffers(counted));
    }

    /// <summary>What a continuation is answered that is of another request, or none at all.</summary>
    public static ProblemResult<InvalidRequest> WrongContinuation() => Problem.Invalid("'continuation' was not issued by this API for this request.");

    /// <summary>What a call is answered that ends here.</summary>
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

    /// <summary>Reads what <see cref="Write"/> wrote; null if it did not, or for another request.</summary>
    private static BulkPlace? Read(string text, string of)
    {
        if (!Base64Url.IsValid(text))
            return null;
        try
        {
            return JsonSerializer.Deserialize(Base64Url.DecodeFromChars(text), BulkPlaceJson.Default.BulkPlace) is { Progress: not null } place && place.Of == of ? place : null;
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
