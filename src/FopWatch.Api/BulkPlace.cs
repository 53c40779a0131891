using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using FopWatch.Jobs;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary>Where a call of a bulk request ended, as opaque text.</summary>
internal sealed record BulkPlace
{
    private static readonly string[] NotFilters = ["confirm", "continuation"];

    /// <summary>The hash of the request that it is of.</summary>
    public required string Of { get; init; }

    public int Count { get; init; }

    public bool AtLeast { get; init; }

    public BulkProgress Progress { get; init; } = new();

    /// <summary>The hash of a request's route and filters.</summary>
    public static string HashOf(HttpRequest request)
    {
        var filters = request.Query
            .Where(pair => !NotFilters.Contains(pair.Key, StringComparer.Ordinal))
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key}={pair.Value}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{request.Path}\n{string.Join('\n', filters)}")).AsSpan(0, 8));
    }

    /// <summary>Reads what <see cref="Write"/> wrote; null if it did not, or for another request.</summary>
    public static BulkPlace? Read(string text, string of)
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

    public string Write() => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(this, BulkPlaceJson.Default.BulkPlace));
}

[JsonSerializable(typeof(BulkPlace))]
internal sealed partial class BulkPlaceJson : JsonSerializerContext;
