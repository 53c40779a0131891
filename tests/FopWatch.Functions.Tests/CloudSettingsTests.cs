using FopWatch.Settings;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Functions.Tests;

/// <summary>The cloud host's own settings, next to those that it shares with the embedded host.</summary>
public class CloudSettingsTests
{
    private const string Https = "is not an https URL, such as https://contoso.table.core.windows.net";
    private const string Name = "is not 3 to 63 of A-Z a-z 0-9, beginning with a letter";

    [Theory]
    [InlineData("FopWatch:Tables:ServiceUri", "http://contoso.table.core.windows.net", Https)]
    [InlineData("FopWatch:Tables:ServiceUri", "contoso", Https)]
    [InlineData("FopWatch:Tables:ServiceUri", "<your account>", "is a placeholder in angle brackets: replace it with the real value")]
    [InlineData("AzureWebJobsStorage:tableServiceUri", "contoso", Https)]
    [InlineData("AzureWebJobsStorage:accountName", "con toso", "is not the name of a storage account, such as contoso")]
    [InlineData("AzureWebJobsStorage", "contoso", "is not a connection string of a storage account")]
    [InlineData("FopWatch:Tables:Name", "ab", Name)]
    [InlineData("FopWatch:Tables:Name", "0abc", Name)]
    [InlineData("FopWatch:Tables:Name", "fop-watch", Name)]
    [InlineData("FopWatch:Tables:Name:0", "abc", "Tables:Name is a map: it takes a single value")]
    [InlineData("FopWatch:Tables:Buckets", "0", "is '0', not a whole number from 1 to 256")]
    [InlineData("FopWatch:Tables:Buckets", "257", "is '257', not a whole number from 1 to 256")]
    [InlineData("FopWatch:Tables:Buckets", "1.5", "is '1.5', not a whole number from 1 to 256")]
    [InlineData("FopWatch:Tables", "contoso", "is a single value: it takes a map from names to values")]
    [InlineData("FopWatch:ServiceBus:Namespace", "https://contoso.servicebus.windows.net", "is not a host name such as contoso.servicebus.windows.net")]
    [InlineData("FopWatch:ServiceBus:ConnectionString", "contoso", "is not an emulator's connection string with UseDevelopmentEmulator=true; for a namespace in Azure, set FopWatch:ServiceBus:Namespace; the host's identity is used")]
    [InlineData("FopWatch:ApiUrl", "/api", "is not an http or https URL without user, query and fragment, such as https://fopwatch.azurewebsites.net")]
    [InlineData("FopWatch:ApiKey", "0123456789abcdef", "is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:ApiKeys?")]
    [InlineData("FopWatch:Tables:Nmae", "abc", "is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:Tables:Name?")]
    [InlineData("FopWatch", "Sources", "is a single value: it takes a map from names to settings")]
    public void A_wrong_setting_is_named_with_valid_values(string name, string value, string problem)
    {
        // The problem may belong to a setting with a longer name.
        var expected = problem.StartsWith("Tables", StringComparison.Ordinal) ? $"FopWatch:{problem}" : $"{name} {problem}";

        Assert.Equal(expected, Assert.Single(Problems((name, value))));
    }

    [Fact]
    public void Two_ways_to_the_Service_Bus_are_refused()
    {
        var problems = Problems(
            ("FopWatch:ServiceBus:Namespace", "contoso.servicebus.windows.net"),
            ("FopWatch:ServiceBus:ConnectionString", "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=a;SharedAccessKey=YQ==;UseDevelopmentEmulator=true;"));

        Assert.Equal(
            "FopWatch:ServiceBus:Namespace and FopWatch:ServiceBus:ConnectionString are both set; the second is only for an emulator",
            Assert.Single(problems));
    }

    [Fact]
    public void Without_a_storage_account_the_ways_to_configure_one_are_named() =>
        Assert.Equal(
            "FopWatch:Tables:ServiceUri is missing: set it, or set AzureWebJobsStorage or AzureWebJobsStorage__accountName to use one account for everything",
            Assert.Single(Problems(("AzureWebJobsStorage", ""))));

    [Fact]
    public void All_problems_are_reported_together_and_each_once()
    {
        var problems = Problems(
            ("FopWatch:Sources:media:Provider", "Nobody"),
            ("FopWatch:Retention", "forever"),
            ("FopWatch:Surces", "typo"),
            ("FopWatch:Tables:Name", "0"),
            ("FopWatch:ServiceBus:Namespace", "https://contoso.servicebus.windows.net"),
            ("FopWatch:ApiUrl", "@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/s/)"),
            ("AzureWebJobsStorage", "contoso"),
            ("APPLICATIONINSIGHTS_CONNECTION_STRING", "nonsense"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317"));

        Assert.Equal(
            [
                "APPLICATIONINSIGHTS_CONNECTION_STRING", "AzureWebJobsStorage", "FopWatch:ApiUrl", "FopWatch:Retention",
                "FopWatch:ServiceBus:Namespace", "FopWatch:Sources:media:Provider", "FopWatch:Surces", "FopWatch:Tables:Name", "OTEL_EXPORTER_OTLP_ENDPOINT",
            ],
            problems.Select(problem => problem.Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    /// <summary>Azure's app settings are not trimmed.</summary>
    [Fact]
    public void Blanks_around_a_value_are_removed()
    {
        var cloud = ReadableSettings.Read(
            ("FopWatch:Tables:Name", " jobs "), ("FopWatch:Tables:Buckets", " 32 "), ("FopWatch:ServiceBus:Topic", " outcomes "),
            ("FopWatch:Tables:ServiceUri", " https://contoso.table.core.windows.net "));

        Assert.Equal(("jobs", 32, "outcomes"), (cloud.Table.TableName, cloud.Table.Buckets, cloud.Topic));
        Assert.Equal("contoso", cloud.Tables.AccountName);
    }

    private static IReadOnlyList<string> Problems(params (string Name, string Value)[] settings) =>
        Assert.Throws<SettingsException>(() => ReadableSettings.Read(settings)).Problems;
}
