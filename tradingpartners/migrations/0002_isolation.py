from django.db import migrations

from practice.isolation import Isolate


class Migration(migrations.Migration):
    dependencies = [("tradingpartners", "0001_initial")]

    operations = [
        Isolate("TradingPartner", dispatched=True),
        Isolate("Route"),
        Isolate("Dispatch", dispatched=True),
        Isolate("ControlNumber"),
        Isolate("Payload"),
        Isolate("PayloadChunk"),
        Isolate("Interchange", dispatched=True),
        Isolate("Transaction", dispatched=True),
        Isolate("InboundDelivery", dispatched=True),
        Isolate("InboundFile"),
        Isolate("TransportLog"),
        Isolate("TradingPartnerHistory"),
        Isolate("RouteHistory"),
        Isolate("TransactionHistory"),
        Isolate("InterchangeHistory"),
    ]
