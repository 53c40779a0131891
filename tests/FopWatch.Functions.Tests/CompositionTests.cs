using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Azure.Identity;
using FopWatch.Azure.ServiceBus;
using FopWatch.Azure.Tables;
using FopWatch.Clocks;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Providers;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Functions.Tests;

public class CompositionTests(SharedAzurite azurite)
{
    /// <summary>Validates the services like a host in development at its start.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_service_that_the_functions_need_is_registered_with_and_without_a_Service_Bus(bool withBus)
    {
        var cloud = new CloudSettings
        {
            Shared = FopWatchSettings.Read([]),
            Tables = (await azurite.StartedAsync()).Client(),
            Table = new() { TableName = $"t{Guid.NewGuid():N}" },
            ServiceBus = withBus
                ? ServiceBusConnection.ToEmulator("Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=a;SharedAccessKey=YQ==;UseDevelopmentEmulator=true;")
                : null,
            Topic = ServiceBusPublisherOptions.DefaultTopicName,
        };
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(new DiagnosticListener("FopWatch.Functions.Tests"));
        var store = await TableStore.CreateAsync(cloud.Tables, cloud.Table, TimeProvider.System, TestContext.Current.CancellationToken);
        services.AddFopWatch(cloud, _ => store, TimeProvider.System);
        var functions = typeof(Composition).Assembly.GetTypes()
            .Where(type => type is { IsAbstract: false } && type.GetMethods().Any(method => method.IsDefined(typeof(FunctionAttribute), false)))
            .ToList();
        foreach (var function in functions)
            services.AddTransient(function);

        await using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

        Assert.True(functions.Count >= 6, $"There are only {functions.Count} classes with functions.");
        await using var invocation = provider.CreateAsyncScope();
        Assert.All(functions, function => Assert.NotNull(invocation.ServiceProvider.GetRequiredService(function)));

        // A missing service would be taken for the body of the request.
        var endpoints = provider.GetRequiredService<EndpointDataSource>().Endpoints;
        Assert.True(endpoints.Count >= 15, $"There are only {endpoints.Count} mapped routes.");
        var needed = endpoints.SelectMany(endpoint => endpoint.Metadata.GetOrderedMetadata<IParameterBindingMetadata>())
            .Where(parameter => !parameter.HasBindAsync)
            .Select(parameter => parameter.ParameterInfo.ParameterType)
            .Where(type => type.Namespace!.StartsWith("FopWatch", StringComparison.Ordinal))
            .Distinct()
            .ToList();
        Assert.NotEmpty(needed);
        Assert.All(needed, type => Assert.NotNull(invocation.ServiceProvider.GetRequiredService(type)));
    }

    [Fact]
    public async Task Services_that_start_with_the_host_need_no_open_store()
    {
        var cloud = new CloudSettings
        {
            Shared = FopWatchSettings.Read([]),
            Tables = (await azurite.StartedAsync()).Client(),
            Table = new() { TableName = "none" },
            ServiceBus = ServiceBusConnection.ToEmulator("Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=a;SharedAccessKey=YQ==;UseDevelopmentEmulator=true;"),
            Topic = ServiceBusPublisherOptions.DefaultTopicName,
        };
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddFopWatch(cloud, _ => throw new StoreUnavailableException("The store is not open yet."), TimeProvider.System);
        await using var provider = services.BuildServiceProvider();

        var running = provider.GetServices<IHostedService>().ToList();
        Assert.NotEmpty(running);
        foreach (var one in running)
            await one.StopAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>A poll that waits for a connection to its status API would count the wait as the status API's time.</summary>
    [Fact]
    public void An_instance_sends_no_more_concurrent_queries_than_it_has_connections()
    {
        using var host = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "host.json")));
        var activities = host.RootElement.GetProperty("extensions").GetProperty("durableTask").GetProperty("maxConcurrentActivityFunctions").GetInt32();

        Assert.InRange(activities + Composition.MostWaiting, 1, StatusClient.MostConnections);
        Assert.InRange(PollSlotOptions.Cloud.Most, 1, activities / 2);
    }

    [Fact]
    public void Framework_logs_with_paths_and_ids_are_suppressed()
    {
        var builder = FunctionsApplication.CreateBuilder([]);
        builder.ConfigureFunctionsWebApplication();
        builder.Configuration["Logging:LogLevel:Default"] = "Information";
        builder.Logging.KeepIdsOut().AddProvider(new Listening());
        using var services = builder.Services.BuildServiceProvider();
        var logs = services.GetRequiredService<ILoggerFactory>();

        Assert.True(logs.CreateLogger("FopWatch").IsEnabled(LogLevel.Information));
        Assert.All(
            (string[])["Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.DurableTask.Client.Grpc", "System.Net.Http.HttpClient", "Azure.Core"],
            category =>
            {
                Assert.False(logs.CreateLogger(category).IsEnabled(LogLevel.Information));
                Assert.True(logs.CreateLogger(category).IsEnabled(LogLevel.Warning));
            });
    }

    [Fact]
    public void A_source_spelled_differently_by_two_app_settings_is_an_error_that_names_both()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([
                new("AzureWebJobsStorage", "UseDevelopmentStorage=true"),
                new("FopWatch:Sources:media:Provider", "Qiniu"),
                new("FopWatch:Sources:media:NotifyTokens:0", "abcdefgh"),
            ])
            .AddInMemoryCollection([new("FOPWATCH:SOURCES:MEDIA:TRUST", "Token")])
            .Build();

        var problems = Assert.Throws<SettingsException>(() => CloudSettings.Read(configuration, new DefaultAzureCredential())).Problems;

        Assert.StartsWith("FopWatch:Sources:media is also written 'MEDIA': ", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FopWatch:Sources:media:Keys:0:SecretKey", "<secret key>", "is a placeholder in angle brackets")]
    [InlineData("FopWatch:Sources:media:Keys:0:SecretKey", "", "is empty")]
    [InlineData("FopWatch:Sources:media:NotifyTokens:0", "", "is empty")]
    [InlineData("FopWatch:Sources:media:Poll", "00:01:00", "is a single value: it takes a map")]
    [InlineData("FopWatch:ServiceBus", "contoso", "is a single value: it takes a map")]
    public void A_placeholder_an_empty_secret_and_a_wrong_type_are_refused_here_too(string name, string value, string problem)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
                ["FopWatch:Sources:media:Provider"] = "Qiniu",
                ["FopWatch:Sources:media:NotifyTokens:0"] = "abcdefgh",
                ["FopWatch:Sources:media:Keys:0:AccessKey"] = "ak",
                ["FopWatch:Sources:media:Keys:0:SecretKey"] = "sk",
                [name] = value,
            })
            .Build();

        var problems = Assert.Throws<SettingsException>(() => CloudSettings.Read(configuration, new DefaultAzureCredential())).Problems;

        Assert.StartsWith($"{name} {problem}", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Notify_URLs_that_no_provider_can_reach_are_warned_of_once()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([
                new("AzureWebJobsStorage", "UseDevelopmentStorage=true"),
                new("FopWatch:PublicUrl", "http://localhost:7071"),
                new("FopWatch:Sources:media:Provider", "Qiniu"),
                new("FopWatch:Sources:media:NotifyTokens:0", "abcdefgh"),
            ])
            .Build();
        using var log = new CapturedLog();
        using var logs = LoggerFactory.Create(logging => logging.AddProvider(log));
        var notice = new StartNotice(CloudSettings.Read(configuration, new DefaultAzureCredential()), logs.CreateLogger<StartNotice>());

        notice.Give();
        notice.Give();

        Assert.Equal(2, log.ToString().Split("Warning No provider can reach the notify URLs: they begin with http://localhost:7071, ").Length);
    }

    [Theory]
    [InlineData("FopWatch:Sources:media:Keys:0:SecretKey")]
    [InlineData("FopWatch:ServiceBus:Namespace")]
    [InlineData("FopWatch:Tables:ServiceUri")]
    [InlineData("FopWatch:ApiUrl")]
    [InlineData("AzureWebJobsStorage")]
    [InlineData("AzureWebJobsStorage:accountName")]
    [InlineData("APPLICATIONINSIGHTS_CONNECTION_STRING")]
    public void An_app_setting_with_an_unresolved_Key_Vault_reference_is_refused_and_named(string name)
    {
        var settings = new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["FopWatch:Sources:media:Provider"] = "Qiniu",
            ["FopWatch:Sources:media:NotifyTokens:0"] = "abcdefgh",
            ["FopWatch:Sources:media:Keys:0:AccessKey"] = "ak",
            ["FopWatch:Sources:media:Keys:0:SecretKey"] = "sk",
        };
        Assert.NotNull(Read(settings));

        settings[name] = "@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/sk/)";

        var problems = Assert.Throws<SettingsException>(() => Read(settings)).Problems;
        Assert.Single(problems, problem => problem.StartsWith($"{name} is a reference that was not resolved", StringComparison.Ordinal));
        Assert.DoesNotContain(problems, problem => problem.Contains("vault.azure.net", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("https://hooks.example.com", null, "https://hooks.example.com")]
    [InlineData("https://hooks.example.com", "https://fopwatch.azurewebsites.net", "https://fopwatch.azurewebsites.net")]
    [InlineData(null, "https://api.example.com/base", "https://api.example.com/base")]
    [InlineData(null, null, null)]
    public void Links_use_the_API_URL_and_without_one_the_public_URL(string? publicUrl, string? apiUrl, string? links) =>
        Assert.Equal(links is null ? null : new Uri(links), Read(WithUrls(publicUrl, apiUrl)).ApiUrl);

    [Theory]
    [InlineData("fopwatch.azurewebsites.net", "is not an http or https URL")]
    [InlineData("ftp://fopwatch.azurewebsites.net", "is not an http or https URL")]
    [InlineData("https://fopwatch.azurewebsites.net?code=1", "has a query")]
    [InlineData("https://user@fopwatch.azurewebsites.net", "has a user")]
    public void An_invalid_API_URL_is_named(string apiUrl, string what)
    {
        var problems = Assert.Throws<SettingsException>(() => Read(WithUrls("https://hooks.example.com", apiUrl))).Problems;

        Assert.StartsWith($"FopWatch:ApiUrl {what}", Assert.Single(problems), StringComparison.Ordinal);
    }

    /// <summary>Given up like a provider's unanswered request, and before the Functions host ends the invocation.</summary>
    [Fact(Timeout = 120_000)]
    public async Task A_storage_account_that_does_not_answer_is_given_up_within_a_minute()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var key = Convert.ToBase64String(new byte[64]);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            [new("AzureWebJobsStorage", $"AccountName=a;AccountKey={key};TableEndpoint=http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/a;")]).Build();
        var cloud = CloudSettings.Read(configuration, new DefaultAzureCredential());
        var started = TimeProvider.System.GetTimestamp();

        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => TableStore.CreateAsync(cloud.Tables, cloud.Table, TimeProvider.System, TestContext.Current.CancellationToken));

        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 5, 55);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(-30)]
    public async Task A_wrong_system_clock_is_corrected_by_the_answers_of_the_storage_account(int days)
    {
        var system = TestTime.Real();
        system.Shift(TimeSpan.FromDays(days));
        var time = new SteadyTime(system);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            [new("AzureWebJobsStorage", (await azurite.StartedAsync()).ConnectionString), new("FopWatch:Tables:Name", $"t{Guid.NewGuid():N}")]).Build();
        var cloud = CloudSettings.Read(configuration, new DefaultAzureCredential(), time);

        await TableStore.CreateAsync(cloud.Tables, cloud.Table, time, TestContext.Current.CancellationToken);

        Assert.InRange(time.GetUtcNow() - TimeProvider.System.GetUtcNow(), TimeSpan.FromSeconds(-5), TimeSpan.FromSeconds(5));
        Assert.InRange(time.SystemAhead!.Value - TimeSpan.FromDays(days), TimeSpan.FromSeconds(-5), TimeSpan.FromSeconds(5));
        await cloud.Tables.DeleteTableAsync(cloud.Table.TableName, TestContext.Current.CancellationToken);
    }

    private static CloudSettings Read(Dictionary<string, string?> settings) =>
        CloudSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), new DefaultAzureCredential());

    private static Dictionary<string, string?> WithUrls(string? publicUrl, string? apiUrl) => new()
    {
        ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
        ["FopWatch:PublicUrl"] = publicUrl,
        ["FopWatch:ApiUrl"] = apiUrl,
    };

    private sealed class Listening : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => new Logger();

        public void Dispose()
        {
        }

        private sealed class Logger : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
            }
        }
    }
}
