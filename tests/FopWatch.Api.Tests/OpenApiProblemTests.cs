using System.Reflection;
using System.Text.Json;
using FopWatch.Jobs;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using static FopWatch.Api.Tests.OpenApiDocument;

namespace FopWatch.Api.Tests;

/// <summary>Compares the problems in the OpenAPI document with the answers.</summary>
public sealed class OpenApiProblemTests
{
    public static TheoryData<string> Problems => new(ProblemResults.Keys);

    private static Dictionary<string, IResult> ProblemResults => new()
    {
        ["InvalidRequest"] = Problem.Invalid($"Nothing was registered.", [new("/0/id", $"'id' is not {JobKey.IdRule}.")]),
        ["Unauthorized"] = Problem.Unauthorized(),
        ["CountDiffers"] = Problem.CountDiffers(new(42, AtLeast: false)),
        ["ExaminationRuns"] = Problem.ExaminationRuns(),
        ["Forbidden"] = Problem.Forbidden($"This route needs a key with the right Write, and the key 'dashboard' has the right Read."),
        ["NotFound"] = Problem.NotFound($"There is no job with this source and id."),
        ["NothingToPublish/notSettled"] = Problem.NotSettled(),
        ["NothingToPublish/unconfirmed"] = Problem.Unconfirmed(),
        ["MethodNotAllowed"] = Problem.NotAllowed("GET, POST"),
        ["TooLarge"] = Problem.TooLarge(FopWatchSettings.DefaultMaxBodyBytes),
        ["NotLocal"] = Problem.NotLocal(),
        ["Internal/internal"] = Problem.Internal(),
        ["Internal/unreadable"] = Problem.Unreadable(
            $"The stored job 1f0c6a8d2b7e49c35a90d1e4 cannot be read: its document cannot be read at $.facts.items[0].state."),
        ["Unavailable/unavailable"] = Problem.Unavailable(),
        ["Unavailable/notStarted"] = Problem.NotStarted([new("store", $"Table Storage cannot answer now: it answered 503.")]),
    };

    [Theory]
    [MemberData(nameof(Problems))]
    public async Task A_problem_is_answered_as_in_its_example(string name)
    {
        var said = Document.GetProperty("components").GetProperty("responses").GetProperty(name.Split('/')[0]);
        var example = ExamplesOf(said)[name.Split('/').Last()];

        using var body = new MemoryStream();
        await using var services = new ServiceCollection().AddLogging().BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = services };
        context.Response.Body = body;
        await ProblemResults[name].ExecuteAsync(context);

        using var answered = JsonDocument.Parse(body.ToArray());
        Assert.Equal(Problem.ContentType, context.Response.ContentType);
        Assert.Equal(example.GetProperty("status").GetInt32(), context.Response.StatusCode);
        Assert.True(JsonElement.DeepEquals(example, answered.RootElement), $"answered {answered.RootElement.GetRawText()}");

        // Routing decides which methods there are.
        var headers = said.TryGetProperty("headers", out var described) ? described.EnumerateObject().Select(header => header.Name) : [];
        Assert.Equal(
            headers.Where(header => header != "Allow"),
            context.Response.Headers.Select(header => header.Key).Where(header => header is not ("Content-Type" or "Content-Length" or "Content-Language" or "Vary")));
    }

    [Fact]
    public void Every_problem_is_referenced_under_its_status()
    {
        var responses = Operations().SelectMany(one => one.Operation.GetProperty("responses").EnumerateObject())
            .Where(response => response.Value.TryGetProperty("$ref", out _))
            .ToList();

        Assert.NotEmpty(responses);
        foreach (var response in responses)
        {
            var problem = Reader.Resolve(response.Value.GetProperty("$ref").GetString()!)!.Value;
            Assert.All(ExamplesOf(problem).Values, example => Assert.Equal(response.Name, example.GetProperty("status").GetRawText()));
        }
    }

    [Fact]
    public void Every_operation_lists_the_errors_that_any_request_may_get()
    {
        // Health is answered under any load and with any query; only readiness depends on the store.
        foreach (var (route, operation) in Operations())
        {
            string[] errors = route switch
            {
                "get /health/live" => ["405"],
                "get /health/ready" => ["405", "500", "503"],
                _ => ["400", "405", "500", "503"],
            };
            var named = operation.GetProperty("responses").EnumerateObject().Select(response => response.Name).ToHashSet();
            Assert.True(named.IsSupersetOf(errors), $"{route} names {string.Join(' ', named)}");
        }
    }

    [Fact]
    public void Every_problem_has_a_response() => Assert.Equal(
        typeof(Problem).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Count(method => method.ReturnType.IsAssignableTo(typeof(IResult)) && method.Name != nameof(Problem.OfStatus)),
        Document.GetProperty("components").GetProperty("responses").EnumerateObject().Sum(response => ExamplesOf(response.Value).Count));

    /// <summary>The examples of a problem by name. A single example has the name of its response.</summary>
    private static Dictionary<string, JsonElement> ExamplesOf(JsonElement response)
    {
        var content = response.GetProperty("content").GetProperty(Problem.ContentType);
        return content.TryGetProperty("examples", out var named)
            ? named.EnumerateObject().ToDictionary(one => one.Name, one => one.Value.GetProperty("value"))
            : new() { [ProblemResults.Keys.Single(name => IsOf(name, response))] = content.GetProperty("example") };

        static bool IsOf(string name, JsonElement response) =>
            Document.GetProperty("components").GetProperty("responses").TryGetProperty(name, out var named) && JsonElement.DeepEquals(named, response);
    }
}
