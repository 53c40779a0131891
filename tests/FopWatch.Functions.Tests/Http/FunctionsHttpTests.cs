using System.Net;
using System.Text.Json;
using FopWatch.Diagnosis;
using FopWatch.PortContracts.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace FopWatch.Functions.Tests.Http;

public sealed class FunctionsRouteTests(OwnAzurite azurite) : IClassFixture<OwnAzurite>
{
    [Fact]
    public async Task Routes_and_the_OpenAPI_document_match_except_for_the_embedded_hosts_own_routes()
    {
        await using var host = await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
        using var document = JsonDocument.Parse(await host.Http.GetStringAsync("/openapi.json", TestContext.Current.CancellationToken));

        var documented = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject()
                .Where(operation => operation.Name is "get" or "post" or "delete" or "put")
                .Select(operation => $"{operation.Name} {path.Name}"))
            .Where(operation => operation is not ("get /events" or "get /metrics") && !operation.Contains("/api/webhooks", StringComparison.Ordinal));
        var all = host.Routes.ToList();
        Assert.Equal(Of("get"), Of("head"));
        var routes = all.Where(route => !route.StartsWith("head ", StringComparison.Ordinal))
            .SelectMany(route => route.EndsWith("/{correlation?}", StringComparison.Ordinal)
                ? [route.Replace("/{correlation?}", "", StringComparison.Ordinal), route.Replace("?}", "}", StringComparison.Ordinal)]
                : (string[])[route]);

        // Anything below a notify URL is not a separate route, and the dashboard's files are not part of the API.
        routes = routes.Where(route => route is not ("post /api/notify/{**rest}" or "post /api/uploads/{**rest}" or "get /ui/{**path}"));
        Assert.Equal(documented.Order(StringComparer.Ordinal), routes.Order(StringComparer.Ordinal));

        IEnumerable<string> Of(string method) =>
            all.Where(route => route.StartsWith($"{method} ", StringComparison.Ordinal)).Select(route => route[(method.Length + 1)..]).Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task Every_route_is_behind_a_function()
    {
        await using var host = await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
        var folders = FunctionsPipeline.Functions.Select(function => $"/{function.Trigger.Route!.Split('{')[0]}").ToList();

        Assert.NotEmpty(host.Routes);
        Assert.All(host.Routes, route => Assert.Contains(folders, folder => route.Split(' ')[1].StartsWith(folder, StringComparison.Ordinal)));
        Assert.All(FunctionsPipeline.Functions, function => Assert.Null(function.Trigger.Methods));
    }

    [Fact]
    public void Only_provider_routes_the_dashboard_and_the_path_for_API_keys_need_no_function_key() => Assert.Equal(
        ["api/notify/{*rest}", "api/uploads/{*rest}", "keyed/{*rest}", "ui/{*rest}"],
        FunctionsPipeline.Functions
            .Where(function => function.Trigger.AuthLevel != AuthorizationLevel.Function)
            .Select(function => function.Trigger.Route)
            .Order(StringComparer.Ordinal));
}

/// <summary>The registration contract on the functions, called through their triggers' routes.</summary>
public sealed class FunctionsRegistrationTests(OwnAzurite azurite) : RegistrationContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsParameterTests(OwnAzurite azurite) : ParameterContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsOverviewTests(OwnAzurite azurite) : OverviewContract, IClassFixture<OwnAzurite>
{
    [Fact]
    public async Task A_store_that_cannot_answer_is_503()
    {
        await using var host = await StartAsync();
        await using (await host.BreakStoreAsync())
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.Http.GetAsync("/api/overview", Cancelled)).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/api/overview", Cancelled)).StatusCode);
    }

    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsNotificationTests(OwnAzurite azurite) : NotificationContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsUploadTests(OwnAzurite azurite) : UploadContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsWithheldBodyTests(OwnAzurite azurite) : WithheldBodyContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsSignatureTests(OwnAzurite azurite) : SignatureContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsScopeTests(OwnAzurite azurite) : ScopeContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsListTests(OwnAzurite azurite) : ListContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsBulkTests(OwnAzurite azurite) : BulkContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsBodyTests(OwnAzurite azurite) : BodyContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsWatchTests(OwnAzurite azurite) : WatchContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsTroubleTests(OwnAzurite azurite) : TroubleContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsActingTests(OwnAzurite azurite) : ActingContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsErrorTests(OwnAzurite azurite) : ErrorContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

public sealed class FunctionsDoctorTests(OwnAzurite azurite) : DoctorContract, IClassFixture<OwnAzurite>
{
    protected override IEnumerable<DoctorCheck> OwnChecks => [DoctorCheck.Tables, DoctorCheck.TaskHub];

    protected override Task<ServedHost> StartAsync() => StartAsync(ServedHost.PublicUrl);

    protected override async Task<ServedHost> StartAsync(Uri publicUrl) =>
        await FunctionsPipeline.StartAsync(await azurite.StartedAsync(), [KeyValuePair.Create("PublicUrl", (string?)publicUrl.AbsoluteUri)]);
}

/// <summary>The access contract on the functions, one of which accepts API keys only.</summary>
public sealed class FunctionsAccessTests(OwnAzurite azurite) : AccessContract, IClassFixture<OwnAzurite>
{
    protected override string Prefix => "/keyed";

    /// <summary>These requests represent those with a function key.</summary>
    protected override HttpClient LetInWithoutKey(ServedHost host) => host.Http;

    [Theory]
    [InlineData("/keyed")]
    [InlineData("/keyed/")]
    [InlineData("/keyed/health/live")]
    [InlineData("/keyed/health/ready")]
    [InlineData("/keyed/openapi.json")]
    [InlineData("/keyed/ui/")]
    [InlineData("/keyed/keyed/api/jobs")]
    [InlineData("/keyed/nothing")]
    [InlineData("/KEYED/api/jobs")]
    [InlineData("/keyed/api/jobs?code=a-function-key")]
    public async Task Without_an_API_key_no_route_below_the_path_for_API_keys_is_answered(string path)
    {
        await using var host = await StartAsync();

        using var answer = await host.Http.GetAsync(path, Cancelled);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("urn:fopwatch:problem:unauthorized", (await ServedHost.ProblemAsync(answer)).Type);
    }

    [Fact]
    public async Task No_URL_that_providers_call_is_below_the_path_for_API_keys()
    {
        await using var host = await StartAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync($"/keyed/api/uploads/media/{ServedHost.Token}", """{"persistentId":"z0.a"}""")).StatusCode);

        Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync($"/keyed/api/notify/media/{ServedHost.Token}", Done)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/jobs/media/z0.a", Cancelled)).StatusCode);
    }

    /// <summary>The worker's decoding of a request's path may lead outside the folder of the function chosen by the Functions host.</summary>
    [Theory]
    [InlineData("Notify")]
    [InlineData("Uploads")]
    [InlineData("Keyed")]
    [InlineData("Ui")]
    public async Task An_anonymous_function_answers_nothing_outside_of_its_folder(string function)
    {
        await using var host = await StartAsync();

        Assert.Equal(StatusCodes.Status404NotFound, await ((FunctionsPipeline)host).CallAsync(function, "/api/jobs"));
        Assert.Equal(StatusCodes.Status404NotFound, await ((FunctionsPipeline)host).CallAsync(function, "/keyedapi/jobs"));
    }

    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync(), KeySettings);

    protected override IEnumerable<string> RoutesOf(ServedHost host) => ((FunctionsPipeline)host).Routes;
}

public sealed class FunctionsDashboardTests(OwnAzurite azurite) : DashboardContract, IClassFixture<OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}
