using Azure.Core;
using Azure.Data.Tables;
using FopWatch.Api;
using FopWatch.Azure.ServiceBus;
using FopWatch.Azure.Tables;
using FopWatch.Clocks;
using FopWatch.Settings;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Functions;

/// <summary>The settings of the cloud host: those of both hosts, its storage, and its Service Bus.</summary>
internal sealed record CloudSettings
{
    private const string Storage = "AzureWebJobsStorage";
    private const string TablesServiceUri = "Tables:ServiceUri";
    private const string TablesName = "Tables:Name";
    private const string TablesBuckets = "Tables:Buckets";
    private const string BusNamespace = "ServiceBus:Namespace";
    private const string BusConnectionString = "ServiceBus:ConnectionString";
    private const string BusTopic = "ServiceBus:Topic";
    private const string ApiUrlName = "ApiUrl";

    /// <summary>The settings of both hosts.</summary>
    public required FopWatchSettings Shared { get; init; }

    /// <summary>The storage account's tables.</summary>
    public required TableServiceClient Tables { get; init; }

    /// <summary>The options of the table.</summary>
    public required TableStoreOptions Table { get; init; }

    /// <summary>The Service Bus; null if none is configured. Then events stay in the outbox.</summary>
    public required ServiceBusConnection? ServiceBus { get; init; }

    /// <summary>The topic for events.</summary>
    public required string Topic { get; init; }

    /// <summary>
    /// The URL at which applications reach the API, for links in events. Default: the public URL, which may route only notifications; null if neither
    /// is configured.
    /// </summary>
    public Uri? ApiUrl { get; init; }

    /// <summary>The OTLP endpoint, as text for the log; null if nothing is exported by OTLP.</summary>
    public string? Otlp { get; init; }

    /// <summary>Reads the settings.</summary>
    /// <param name="configuration">The app settings.</param>
    /// <param name="credential">The identity of the app. Unused with connection strings.</param>
    /// <param name="time">The clock that the storage account's answers set; null for none.</param>
    /// <exception cref="SettingsException">A setting is invalid. The exception names every problem.</exception>
    public static CloudSettings Read(IConfiguration configuration, TokenCredential credential, SteadyTime? time = null)
    {
        // Describe expects valid settings.
        return ConfiguredSettings.Read(configuration, ReadOwn) with { Otlp = OtlpSettings.Describe(name => configuration[name]) };

        CloudSettings ReadOwn(SettingsReader reader, FopWatchSettings shared)
        {
            // Settings outside FopWatch's section: the storage account and the telemetry export.
            reader.RefuseReferences(configuration.AsEnumerable());
            reader.ProblemOutside(TelemetryExport.Problems(configuration));
            reader.Below("Tables");
            reader.Below("ServiceBus");
            return new()
            {
                Shared = shared,
                Tables = ReadTables(reader, configuration, credential, time)!,
                Table = ReadTable(reader),
                ServiceBus = ReadBus(reader, credential),
                Topic = reader.Text(BusTopic) ?? ServiceBusPublisherOptions.DefaultTopicName,
                ApiUrl = reader.Url(ApiUrlName, shared.PublicUrl, "https://fopwatch.azurewebsites.net"),
            };
        }
    }

    /// <summary>The client of the storage account's tables; null if a setting is missing or invalid, which is reported as a problem.</summary>
    private static TableServiceClient? ReadTables(SettingsReader reader, IConfiguration configuration, TokenCredential credential, SteadyTime? time)
    {
        // The names of the Functions host's connection to its storage account, which is the default account.
        const string ServiceUri = $"{Storage}:tableServiceUri";
        const string AccountName = $"{Storage}:accountName";
        const string NoUrl = "is not an https URL, such as https://contoso.table.core.windows.net";
        if (reader.Text(TablesServiceUri) is { } own)
            return Client(own, () => reader.Problem(TablesServiceUri, NoUrl));
        if (configuration[ServiceUri] is { } service)
            return Client(service, () => reader.ProblemOutside($"{ServiceUri} {NoUrl}"));
        if (configuration[AccountName] is { } account)
            return Client($"https://{account}.table.core.windows.net", () => reader.ProblemOutside($"{AccountName} is not the name of a storage account, such as contoso"));

        if (configuration[Storage] is not { Length: > 0 } connectionString)
        {
            reader.Problem(TablesServiceUri, $"is missing: set it, or set {Storage} or {Storage}__accountName to use one account for everything");
            return null;
        }

        try
        {
            return new(connectionString, TableClient(time));
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            reader.ProblemOutside($"{Storage} is not a connection string of a storage account");
            return null;
        }

        TableServiceClient? Client(string uri, Action refuse)
        {
            if (Uri.TryCreate(uri, UriKind.Absolute, out var parsed) && parsed.Scheme == Uri.UriSchemeHttps)
                return new(parsed, credential, TableClient(time));
            refuse();
            return null;
        }
    }

    /// <summary>
    /// The SDK's default is 100 seconds for each of four attempts. A storage account that hangs would delay notifications for longer than any provider
    /// waits for its answer (providers.md, section 2: a minute).
    /// </summary>
    private static TableClientOptions TableClient(SteadyTime? time)
    {
        var options = new TableClientOptions { Retry = { NetworkTimeout = TimeSpan.FromSeconds(10), MaxRetries = 2, MaxDelay = TimeSpan.FromSeconds(5) } };
        if (time is not null)
            options.AddPolicy(new ServiceTime(time), HttpPipelinePosition.PerRetry);
        return options;
    }

    private static TableStoreOptions ReadTable(SettingsReader reader)
    {
        var options = new TableStoreOptions();
        var name = reader.Text(TablesName) ?? options.TableName;
        if (name.Length is < 3 or > 63 || !char.IsAsciiLetter(name[0]) || !name.All(char.IsAsciiLetterOrDigit))
            reader.Problem(TablesName, "is not 3 to 63 of A-Z a-z 0-9, beginning with a letter");
        return options with
        {
            TableName = name,
            Buckets = (int)reader.Number(TablesBuckets, options.Buckets, 1, TableStoreOptions.MaxBuckets, whole: true),
        };
    }

    private static ServiceBusConnection? ReadBus(SettingsReader reader, TokenCredential credential)
    {
        var (name, emulator) = (reader.Text(BusNamespace), reader.Text(BusConnectionString));
        if (name is not null && emulator is not null)
        {
            reader.Problem(BusNamespace, $"and {FopWatchSettings.Section}:{BusConnectionString} are both set; the second is only for an emulator");
            return null;
        }

        try
        {
            if (name is not null)
                return ServiceBusConnection.ToNamespace(name, credential);
            return emulator is null ? null : ServiceBusConnection.ToEmulator(emulator);
        }
        catch (ArgumentException)
        {
            // The values are not repeated: a connection string contains a key, and may have been given as the namespace by mistake.
            if (name is not null)
            {
                reader.Problem(BusNamespace, "is not a host name such as contoso.servicebus.windows.net");
            }
            else
            {
                reader.Problem(
                    BusConnectionString,
                    "is not an emulator's connection string with UseDevelopmentEmulator=true; "
                    + $"for a namespace in Azure, set {FopWatchSettings.Section}:{BusNamespace}; the host's identity is used");
            }

            return null;
        }
    }
}
