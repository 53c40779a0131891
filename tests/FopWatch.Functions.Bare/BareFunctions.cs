using System.Text.Json;
using Azure.Data.Tables;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace FopWatch.Functions.Bare;

/// <summary>Reads a notification's id and stores it with the body, as a minimal app would.</summary>
/// <param name="bodies">The table in which they are stored.</param>
public sealed class BareFunctions(TableClient bodies)
{
    private const int Buckets = 16;

    /// <summary>One upsert per request.</summary>
    [Function("Notify")]
    public async Task<IActionResult> NotifyAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/notify/{source}/{token}")] HttpRequest request, string source)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        var bytes = body.ToArray();
        using var json = JsonDocument.Parse(bytes);
        var id = json.RootElement.GetProperty("id").GetString()!;
        await bodies.UpsertEntityAsync(new TableEntity($"{source}|{id[^1] % Buckets}", id) { ["Body"] = bytes }, TableUpdateMode.Replace);
        return new OkObjectResult("ok");
    }

    /// <summary>Answers once the app is running.</summary>
    [Function("Ready")]
    public static IActionResult Ready([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health/ready")] HttpRequest request) => new OkResult();
}
