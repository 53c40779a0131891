using System.Text.Json;
using DurableTask.AzureStorage;
using DurableTask.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing.Sidecar.Grpc;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Functions.Tests;

/// <summary>Durable Task's storage provider of the app, on Azurite, with the settings of <c>host.json</c>.</summary>
internal sealed class StorageHub : IAsyncDisposable
{
    public const string Name = "FopWatch";

    private readonly WebApplication _sidecar;
    private readonly IHost _worker;
    private readonly GrpcChannel _channel;

    private StorageHub(WebApplication sidecar, IHost worker, GrpcChannel channel) => (_sidecar, _worker, _channel) = (sidecar, worker, channel);

    public static async Task<(IAsyncDisposable Hub, DurableTaskClient Client)> StartAsync(
        string connectionString, Action<DurableTaskRegistry> tasks, CancellationToken cancellationToken)
    {
        var service = new AzureStorageOrchestrationService(Settings(connectionString));
        await service.CreateIfNotExistsAsync();

        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<IOrchestrationService>(service);
        builder.Services.AddSingleton<IOrchestrationServiceClient>(new RefusingClient(service));
        builder.Services.AddSingleton<TaskHubGrpcServer>();
        var sidecar = builder.Build();
        sidecar.MapGrpcService<TaskHubGrpcServer>();
        await sidecar.StartAsync(cancellationToken);

        var channel = GrpcChannel.ForAddress(sidecar.Urls.Single());
        var workers = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        workers.Services.AddDurableTaskWorker(worker =>
        {
            worker.UseGrpc(channel);
            worker.AddTasks(tasks);
        });
        workers.Services.AddDurableTaskClient(client =>
        {
            client.UseGrpc(channel);
            client.RegisterDirectly();
        });
        var worker = workers.Build();
        await worker.StartAsync(cancellationToken);
        return (new StorageHub(sidecar, worker, channel), worker.Services.GetRequiredService<DurableTaskClient>());
    }

    public async ValueTask DisposeAsync()
    {
        await _worker.StopAsync(CancellationToken.None);
        _worker.Dispose();
        _channel.Dispose();
        await _sidecar.StopAsync(CancellationToken.None);
        await _sidecar.DisposeAsync();
    }

    private static AzureStorageOrchestrationServiceSettings Settings(string connectionString)
    {
        // The build puts it into the app's folder.
        using var host = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "host.json")));
        var durable = host.RootElement.GetProperty("extensions").GetProperty("durableTask");
        var storage = durable.GetProperty("storageProvider");
        Assert.Equal(Name, durable.GetProperty("hubName").GetString());
        return new()
        {
            TaskHubName = Name,
            PartitionCount = storage.GetProperty("partitionCount").GetInt32(),
            // The default of Flex Consumption.
            MaxQueuePollingInterval = TimeSpan.FromSeconds(1),
            MaxConcurrentTaskActivityWorkItems = durable.GetProperty("maxConcurrentActivityFunctions").GetInt32(),
            MaxConcurrentTaskOrchestrationWorkItems = durable.GetProperty("maxConcurrentOrchestratorFunctions").GetInt32(),
            ThrowExceptionOnInvalidDedupeStatus = true,
            StorageAccountClientProvider = new StorageAccountClientProvider(connectionString),
        };
    }
}
