using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Api.Tests;

public sealed class QueryParametersTests
{
    [Fact]
    public async Task The_parameters_of_each_route_match_the_OpenAPI_document()
    {
        await using var mapped = new MappedRoutes(_ => Task.CompletedTask);
        var known = mapped.Endpoints
            .SelectMany(endpoint => endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
                .Where(method => method != HttpMethods.Head)
                .SelectMany(method => PathsOf(endpoint).Select(path => ($"{method} {path}", QueryParameters.Of(endpoint)))))
            .ToDictionary(route => route.Item1, route => route.Item2);
        var documented = new Dictionary<string, IReadOnlyList<string>?>();
        using var document = OpenApi();
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject().Where(one => one.Name != "parameters"))
            {
                var isOpen = operation.Value.TryGetProperty("security", out var security) && security.GetArrayLength() == 0;
                documented.Add(
                    $"{operation.Name.ToUpperInvariant()} {path.Name}",
                    isOpen ? null : [.. QueryOf(document, path.Value).Concat(QueryOf(document, operation.Value))]);

                Assert.True(isOpen || operation.Value.GetProperty("responses").TryGetProperty("400", out _), path.Name);
            }
        }

        // The dashboard's files are not part of the API.
        Assert.True(known.Remove("GET /ui/{**path}"));

        // The embedded host's own routes are compared in its tests.
        Assert.True(documented.Remove("GET /events") && documented.Remove("GET /metrics"));
        var webhooks = documented.Keys.Where(route => route.Contains("/api/webhooks", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(webhooks);
        Assert.All(webhooks, route => Assert.True(documented.Remove(route)));
        Assert.Equal(documented.Keys.Order(), known.Keys.Order());
        Assert.All(documented, route => Assert.Equal(route.Value, known[route.Key]));
    }

    [Theory]
    [InlineData("GET", "/api/jobs", "", 0)]
    [InlineData("GET", "/api/jobs", "?", 0)]
    [InlineData("GET", "/api/jobs", "?state=failed&source=media&since=x&top=1&continuation=y", 0)]
    [InlineData("GET", "/api/jobs", "?a&b&c&a", 3)]
    [InlineData("GET", "/api/jobs", "?=1", 1)]
    [InlineData("GET", "/api/jobs", "?state+=failed", 1)]
    [InlineData("GET", "/api/quarantine/retry", "?source=media", 1)]
    [InlineData("POST", "/api/quarantine/retry", "?source=media", 0)]
    [InlineData("POST", "/api/jobs", "?source=media", 1)]
    [InlineData("GET", "/api/nothing", "?a", 0)]
    [InlineData("PUT", "/api/jobs", "?a", 0)]
    [InlineData("GET", "/health/live", "?a&a", 0)]
    [InlineData("POST", "/api/notify/media/token", "?message_type=x&message_type=y", 0)]
    [InlineData("POST", "/api/notify/media/token/lesson", "?a", 0)]
    [InlineData("GET", "/api/jobs", "?code=k&clientId=c&Code=k", 3)]
    [InlineData("GET", "/api/jobs", "?code=k&clientId=c&Code=k", 0, true)]
    [InlineData("GET", "/api/jobs", "?code=k&cod=c", 1, true)]
    public async Task Only_parameters_of_the_route_are_accepted(string method, string path, string query, int problems, bool isFunctionsHost = false)
    {
        var answered = await AnswerAsync(method, path, query, isFunctionsHost ? ["code", "clientId"] : []);

        Assert.Equal(problems, answered?.Errors!.Count ?? 0);
        Assert.Equal(problems == 0 ? null : 400, answered?.Status);
    }

    [Theory]
    [InlineData("sorce", "did you mean 'source'?")]
    [InlineData("TOP", "did you mean 'top'?")]
    [InlineData("to", "did you mean 'top'?")]
    [InlineData("sicne", "did you mean 'since'?")]
    [InlineData("continuationToken", "did you mean 'continuation'?")]
    [InlineData("limit", "this route takes 'source', 'state', ")]
    [InlineData("x", "this route takes 'source', 'state', ")]
    public async Task An_unknown_parameter_is_answered_with_the_closest_known_one(string name, string instead)
    {
        var answered = await AnswerAsync("GET", "/api/jobs", $"?{name}=1", []);

        Assert.StartsWith($"Unknown parameter '{name}'; {instead}", answered!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_huge_query_is_answered_briefly()
    {
        var answered = await AnswerAsync("GET", "/api/jobs", "?" + new string('x', 5000) + string.Concat(Enumerable.Range(0, 1000).Select(i => $"&p{i}")), []);

        Assert.Equal(20, answered!.Errors!.Count);
        Assert.All(answered.Errors, error => Assert.True(error.Detail.ToString().Length < 300));
    }

    /// <summary>The paths of an endpoint as written in the document.</summary>
    private static IEnumerable<string> PathsOf(RouteEndpoint endpoint) => endpoint.RoutePattern.RawText!.TrimEnd('/') switch
    {
        "/api/notify/{**rest}" or "/api/uploads/{**rest}" => [],
        var text when text.EndsWith("/{correlation?}", StringComparison.Ordinal) => [text[..^"/{correlation?}".Length], text.Replace("?}", "}", StringComparison.Ordinal)],
        var text => [text],
    };

    private static JsonDocument OpenApi()
    {
        using var resource = typeof(HealthApi).Assembly.GetManifestResourceStream("openapi.json")!;
        return JsonDocument.Parse(resource);
    }

    private static IEnumerable<string> QueryOf(JsonDocument document, JsonElement element)
    {
        foreach (var parameter in element.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray() : default)
        {
            var one = parameter.TryGetProperty("$ref", out var reference)
                ? document.RootElement.GetProperty("components").GetProperty("parameters").GetProperty(reference.GetString()!.Split('/')[^1])
                : parameter;
            if (one.GetProperty("in").GetString() == "query")
                yield return one.GetProperty("name").GetString()!;
        }
    }

    private static async Task<Problem?> AnswerAsync(string method, string path, string query, IReadOnlyList<string> hosts)
    {
        var context = new DefaultHttpContext
        {
            Request = { Method = method, Path = path, QueryString = new(query) },
            Response = { Body = new MemoryStream() },
            RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider(),
        };
        IResult? wrong = null;
        await using var mapped = new MappedRoutes(routed =>
        {
            wrong = QueryParameters.Of(routed.GetEndpoint()) is { } parameters ? QueryParameters.Check(routed.Request, parameters, hosts) : null;
            return wrong?.ExecuteAsync(routed) ?? Task.CompletedTask;
        });
        await mapped.Answer(context);
        if (wrong is null)
            return null;

        context.Response.Body.Position = 0;
        return await JsonSerializer.DeserializeAsync(context.Response.Body, ApiJson.Default.Problem, TestContext.Current.CancellationToken);
    }
}
