using System.Reflection;
using FopWatch.Functions.Watching;
using FopWatch.PortContracts.Http;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests.Http;

/// <summary>
/// The functions with HTTP triggers, called by ASP.NET Core at the routes of their attributes, over Azurite and the in-process test
/// host of Durable Task. What a Functions host adds (keys, limits, its own proxy) is missing.
/// </summary>
internal sealed class FunctionsPipeline : ServedHost
{
    private readonly Azurite _azurite;
    private readonly WatchHost _watching;
    private readonly WebApplication _web;

    private FunctionsPipeline(Azurite azurite, StatusStub statusApi, WatchHost watching, WebApplication web)
    {
        (_azurite, StatusApi, _watching, _web) = (azurite, statusApi, watching, web);
        Http = new() { BaseAddress = new(web.Urls.Single()), Timeout = TimeSpan.FromSeconds(60) };
    }

    /// <summary>The routes behind the functions, as method and pattern.</summary>
    public IEnumerable<string> Routes =>
        from endpoint in _watching.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
        select $"{method.ToLowerInvariant()} {endpoint.RoutePattern.RawText}";

    public static IEnumerable<(MethodInfo Function, HttpTriggerAttribute Trigger)> Functions =>
        from type in typeof(CloudSettings).Assembly.GetTypes()
        from method in type.GetMethods()
        where method.GetCustomAttribute<FunctionAttribute>() is not null
        from parameter in method.GetParameters()
        let trigger = parameter.GetCustomAttribute<HttpTriggerAttribute>()
        where trigger is not null
        select (method, trigger);

    public override HttpClient Http { get; }

    public override StatusStub StatusApi { get; }

    /// <summary>Starts the functions.</summary>
    /// <param name="azurite">The storage.</param>
    /// <param name="more">Settings in addition to <see cref="ServedHost.Settings"/>.</param>
    public static async Task<FunctionsPipeline> StartAsync(Azurite azurite, IEnumerable<KeyValuePair<string, string?>>? more = null)
    {
        var statusApi = await StatusStub.StartAsync();
        var settings = FopWatchSettings.Read(Settings(statusApi.Endpoint).Concat(more ?? []));
        var watching = await WatchHost.StartAsync(azurite, TestTime.Real(), settings);

        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        builder.Services.AddRouting();
        builder.Services.AddLogging();
        var web = builder.Build();
        foreach (var (function, trigger) in Functions)
        {
            var target = ActivatorUtilities.CreateInstance(watching.Services, function.DeclaringType!);
            web.Map($"/{trigger.Route}", (RequestDelegate)(context => InvokeAsync(context, target, function, watching)));
        }

        await web.StartAsync(Cancelled);
        return new(azurite, statusApi, watching, web);
    }

    /// <summary>Calls a function with a GET of a path, whether or not its trigger has that path.</summary>
    /// <returns>The status.</returns>
    public async Task<int> CallAsync(string name, string path)
    {
        var function = Functions.Single(one => one.Function.GetCustomAttribute<FunctionAttribute>()!.Name == name).Function;
        var context = new DefaultHttpContext { Request = { Method = HttpMethods.Get, Path = path, Scheme = "http", Host = new("localhost") } };
        await InvokeAsync(context, ActivatorUtilities.CreateInstance(_watching.Services, function.DeclaringType!), function, _watching);
        return context.Response.StatusCode;
    }

    /// <summary>Stops Azurite until it is restarted with its data.</summary>
    public override async Task<IAsyncDisposable> BreakStoreAsync()
    {
        await _azurite.KillAsync();
        return new Stopped(_azurite);
    }

    public override async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _web.DisposeAsync();
        await _watching.DisposeAsync();
        await StatusApi.DisposeAsync();
    }

    private static async Task InvokeAsync(HttpContext context, object target, MethodInfo function, WatchHost watching)
    {
        await using var scope = watching.Services.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<InvocationClient>().Client = watching.Client;
        context.RequestServices = scope.ServiceProvider;
        object[] arguments = [.. function.GetParameters().Select(parameter => parameter.ParameterType == typeof(HttpRequest) ? context.Request : (object)watching.Client)];
        await (await (Task<IResult>)function.Invoke(target, arguments)!).ExecuteAsync(context);
    }

    private sealed class Stopped(Azurite azurite) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => new(azurite.RestartAsync());
    }
}
