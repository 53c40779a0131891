using System.Net;
using System.Net.Http.Json;
using FopWatch.Api;

namespace FopWatch.PortContracts.Http;

/// <summary>Bulk requests as an operator makes them.</summary>
public static class BulkCalls
{
    /// <summary>Asks for the count of a bulk request, confirms it, and repeats the call until it is complete.</summary>
    /// <returns>The last answer.</returns>
    public static async Task<BulkAnswer> ConfirmedAsync(this HttpClient http, string path)
    {
        var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        var asked = await http.BulkAsync(path);
        Assert.Equal((null, null, null), (asked.Done, asked.Failed, asked.Continuation));
        var answer = await http.BulkAsync($"{path}{separator}confirm={Uri.EscapeDataString(asked.Confirm!)}");
        while (answer.Continuation is { } continuation)
            answer = await http.BulkAsync($"{path}{separator}continuation={continuation}");
        Assert.Equal((asked.Action, asked.Count, null), (answer.Action, answer.Count, answer.Confirm));
        return answer;
    }

    /// <summary>Makes one call of a bulk request, which must succeed.</summary>
    public static async Task<BulkAnswer> BulkAsync(this HttpClient http, string path)
    {
        using var answer = await http.PostAsync(path, null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.BulkAnswer, TestContext.Current.CancellationToken))!;
    }
}
