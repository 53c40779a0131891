using Azure.Data.Tables;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
var bodies = new TableClient(builder.Configuration["AzureWebJobsStorage"], "bare");
await bodies.CreateIfNotExistsAsync();
builder.Services.AddSingleton(bodies);
await builder.Build().RunAsync();
